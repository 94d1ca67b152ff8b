-- Who held the ground on each incident's own day, by source; null where a source does not say.
WITH days AS (SELECT DISTINCT source, valid_on, valid_to FROM control),
points AS (
  SELECT i.dataset, i.id, i.geometry, d.source, d.valid_on
  FROM incidents i JOIN days d ON i.first_day BETWEEN d.valid_on AND d.valid_to
  WHERE i.geometry IS NOT NULL
),
held AS (
  SELECT p.dataset, p.id, p.source, max(c.controller) AS controller
  FROM points p JOIN control c ON ST_Intersects(c.geometry, p.geometry)
    AND c.source = p.source AND c.valid_on = p.valid_on AND c.status = 'assessed'
  GROUP BY p.dataset, p.id, p.source
)
SELECT p.dataset, p.id, p.source, p.valid_on, h.controller
FROM points p
LEFT JOIN held h ON h.dataset = p.dataset AND h.id = p.id AND h.source = p.source

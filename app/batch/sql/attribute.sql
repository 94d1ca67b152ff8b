-- The region of each incident with a point, by level: as stated, else the one it lies in.
WITH located AS (
  SELECT i.dataset, i.id, r.level, max(r.number) AS number
  FROM incidents i JOIN regions r ON ST_Contains(r.geometry, i.geometry)
  GROUP BY i.dataset, i.id, r.level
),
levels AS (SELECT DISTINCT level FROM regions)
SELECT i.dataset, i.id, v.level, r.code AS region
FROM incidents i CROSS JOIN levels v
LEFT JOIN located l ON l.dataset = i.dataset AND l.id = i.id AND l.level = v.level
LEFT JOIN regions first ON first.level = 1 AND first.code = i.admin1
LEFT JOIN regions second ON second.level = 2 AND second.code = i.admin2
LEFT JOIN regions stated ON stated.level = v.level AND stated.code = CASE v.level
  WHEN 2 THEN second.code ELSE coalesce(first.code, second.parent) END
LEFT JOIN regions r ON r.level = v.level AND r.number = coalesce(stated.number, l.number)
WHERE i.geometry IS NOT NULL

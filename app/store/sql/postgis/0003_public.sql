-- What may leave the house, for QGIS, pg_tileserv and SQL users who may connect and nothing more.
-- It is stricter than the service, so that no rule of the service has to be written twice
-- (docs/postgis.md, "What a reader sees"): nothing of a theatre that the operator did not publish here,
-- nothing without a day, nothing before the delay is over, no texts, no keys of sources.
CREATE SCHEMA strikemap_public;

-- Empty at first. `delay_days` is at least the theatre's `generalise_days`.
CREATE TABLE published_theatre (
  theatre    text PRIMARY KEY,
  delay_days integer NOT NULL CHECK (delay_days >= 1)
);

CREATE VIEW dataset AS
SELECT c.key AS slug, j ->> 'name' AS name, j ->> 'kind' AS kind, j ->> 'theatre' AS theatre,
  coalesce(j ->> 'licence', 'internal') AS licence,
  coalesce(j ->> 'attribution', j ->> 'publisher', j ->> 'name') AS credit,
  coalesce((j #>> '{terms,raw}')::boolean AND (j #>> '{terms,points}')::boolean
    AND (j #>> '{terms,tiles}')::boolean AND (j #>> '{terms,export}')::boolean
    AND (j #>> '{terms,finest_level}')::integer >= 2, false) AS may_leave
FROM current c JOIN revision r ON r.seq = c.seq
  CROSS JOIN LATERAL (SELECT content(r.payload) AS j OFFSET 0) AS read
WHERE c.subject = 'dataset' AND c.retracted = 0 AND r.payload IS NOT NULL;

-- The rows that may leave by themselves, before records of one strike are looked at together.
CREATE VIEW released AS
SELECT i.*, d.theatre, d.licence, d.credit
FROM incident i JOIN dataset d ON d.slug = i.dataset JOIN published_theatre p ON p.theatre = d.theatre
WHERE d.may_leave AND d.kind = 'incidents' AND i.status <> 'retracted'
  AND i.kind <> 'battle' AND i.contradiction IS NULL
  AND (i.public_after IS NULL OR i.public_after <= now())
  AND i.last_day + p.delay_days < (now() AT TIME ZONE 'UTC')::date;

-- Records of one strike leave together or not at all, however many decisions join them.
CREATE VIEW held_back AS
WITH RECURSIVE held (key) AS (
  SELECT m.key FROM merged m WHERE m.key NOT IN (SELECT r.key FROM released r WHERE r.key IN (SELECT key FROM merged))
  UNION
  SELECT fellow.key FROM held JOIN merged m ON m.key = held.key JOIN merged fellow ON fellow.merge = m.merge
)
SELECT key FROM held;

CREATE VIEW strikemap_public.incident WITH (security_barrier) AS
SELECT r.id, r.revision, r.theatre, r.dataset, r.licence, r.credit, r.synthetic, r.kind,
  r.first_day, r.last_day, r.time_precision, r.precision, r.error_m, r.admin1,
  CASE WHEN r.precision IN ('exact', 'street', 'settlement', 'admin2') THEN r.admin2 END AS admin2,
  r.weapons, r.mechanism, r.killed_low, r.killed_best, r.killed_high,
  r.injured_low, r.injured_best, r.injured_high, r.sectors, r.status, r.graphic, r.geom
FROM released r WHERE NOT EXISTS (SELECT FROM held_back h WHERE h.key = r.key);

CREATE VIEW strikemap_public.control_area WITH (security_barrier) AS
SELECT c.key || '/' || c.number AS id, c.revision, d.theatre, c.dataset, d.licence, d.credit, c.valid_on,
  c.controller, c.status, c.part, c.extent, c.region, a.geom
FROM control c JOIN dataset d ON d.slug = c.dataset JOIN published_theatre p ON p.theatre = d.theatre
  LEFT JOIN area a ON a.sha256 = c.sha256
WHERE d.may_leave AND d.kind = 'control';

-- A layer of pg_tileserv. A view that guards its rows cannot use the index of places for a stranger's
-- filter; this function can, since its filter is its own.
CREATE FUNCTION strikemap_public.incident_tile(z integer, x integer, y integer) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE SET search_path FROM CURRENT AS $$
  SELECT ST_AsMVT(mark, 'incidents', 4096, 'geom') FROM (
    SELECT r.id::text AS id, r.dataset, r.credit, r.synthetic, r.first_day::text AS first_day,
      r.last_day::text AS last_day, r.precision, r.status, r.killed_low, r.injured_low,
      ST_AsMVTGeom(ST_Transform(r.geom, 3857), ST_TileEnvelope(z, x, y), 4096, 64) AS geom
    FROM released r
    WHERE r.geom && ST_Transform(ST_TileEnvelope(z, x, y, margin => 64.0 / 4096), 4326)
      AND NOT EXISTS (SELECT FROM held_back h WHERE h.key = r.key)
  ) AS mark
$$;

-- Whoever may connect to this database reads these two views and the layer, and nothing of the record.
REVOKE ALL ON FUNCTION derive FROM PUBLIC;
GRANT USAGE ON SCHEMA strikemap_public TO PUBLIC;
GRANT SELECT ON strikemap_public.incident, strikemap_public.control_area TO PUBLIC;

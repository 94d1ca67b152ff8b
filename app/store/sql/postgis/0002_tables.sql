-- What the newest revisions say, as plain tables with geometry: derived in the transaction of each
-- write, for QGIS and SQL. They are the internal record; schema strikemap_public has what may leave
-- (docs/postgis.md).
CREATE TABLE incident (
  key            text COLLATE "C" PRIMARY KEY,
  revision       bigint NOT NULL UNIQUE,
  id             uuid NOT NULL,
  dataset        text NOT NULL,
  source_key     text,
  kind           text NOT NULL,           -- strike, battle or other_harm
  contradiction  text,                    -- why its figures are in no sum
  first_day      date,                    -- NULL: undated
  last_day       date,
  starts_at      timestamptz,
  ends_at        timestamptz,
  time_precision text NOT NULL,
  precision      text NOT NULL,
  error_m        integer,
  place          text,
  country        text,
  admin1         text,
  admin2         text,
  weapons        text[] NOT NULL,
  mechanism      text NOT NULL,
  attributed_to  text,
  killed_low     integer,                 -- NULL is unknown, never 0
  killed_best    integer,
  killed_high    integer,
  injured_low    integer,
  injured_best   integer,
  injured_high   integer,
  sectors        text[] NOT NULL,
  status         text NOT NULL,
  description    text,
  graphic        boolean NOT NULL,
  public_after   timestamptz,
  synthetic      boolean NOT NULL,
  wave           text,
  geom           geometry(Point, 4326)    -- NULL where the place is known to a region only
);
CREATE INDEX incident_geom ON incident USING gist (geom);
CREATE INDEX incident_day ON incident (dataset, last_day);

CREATE TABLE control (
  key            text COLLATE "C" NOT NULL,
  number         integer NOT NULL,
  revision       bigint NOT NULL,
  dataset        text NOT NULL,
  valid_on       date NOT NULL,
  controller     text NOT NULL,
  status         text NOT NULL,
  part           text NOT NULL,
  extent         text NOT NULL,
  region         text,
  word           text,
  sha256         text COLLATE "C",
  PRIMARY KEY (key, number)
);
CREATE INDEX control_day ON control (dataset, valid_on);

CREATE TABLE area (
  sha256         text COLLATE "C" PRIMARY KEY,
  geom           geometry(Geometry, 4326) NOT NULL
);
CREATE INDEX area_geom ON area USING gist (geom);

CREATE TABLE merged (
  merge          text COLLATE "C" NOT NULL,
  key            text COLLATE "C" NOT NULL,
  PRIMARY KEY (merge, key)
);
CREATE INDEX merged_key ON merged (key);

-- A payload as JSON. PostgreSQL takes no NUL in a text: it becomes U+FFFD here, and here only.
CREATE FUNCTION content(payload bytea) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN replace(convert_from(payload, 'UTF8'), '\u0000', '\ufffd')::jsonb;

CREATE FUNCTION words(list jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT jsonb_array_elements_text(list));

CREATE FUNCTION sectors_of(damage jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT DISTINCT hit ->> 'sector' FROM jsonb_array_elements(damage) hit ORDER BY 1);

CREATE FUNCTION point_of(place jsonb) RETURNS geometry LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN place ->> 'precision' IN ('exact', 'street', 'settlement') AND place ? 'lon_e7' THEN
  ST_SetSRID(ST_MakePoint((place ->> 'lon_e7')::bigint / 1e7, (place ->> 'lat_e7')::bigint / 1e7), 4326)
END;

-- Bring the tables up to date with the revisions of one write; erased ones leave no row. Each subselect
-- is fenced (OFFSET 0): a small write must look up its few keys, whatever the planner believes.
CREATE FUNCTION derive(first bigint, last bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM incident i USING revision r
  WHERE r.seq BETWEEN derive.first AND derive.last AND r.subject = 'incident' AND r.prior IS NOT NULL
    AND i.key = r.key;

  INSERT INTO incident
  SELECT c.key, c.seq, (j ->> 'id')::uuid, j ->> 'dataset', j ->> 'source_key',
    coalesce(j ->> 'kind', 'strike'), j ->> 'contradiction', (j #>> '{when,first}')::date, (j #>> '{when,last}')::date,
    (j #>> '{when,start}')::timestamptz, (j #>> '{when,end}')::timestamptz,
    coalesce(j #>> '{when,precision}', 'unknown'),
    coalesce(j #>> '{place,precision}', 'country'), (j #>> '{place,error_m}')::integer,
    j #>> '{place,name}', j #>> '{place,country}', j #>> '{place,admin1}', j #>> '{place,admin2}',
    CASE WHEN j ? 'weapons' THEN words(j -> 'weapons') ELSE '{}' END, coalesce(j ->> 'mechanism', 'unknown'), j #>> '{attributed_to,party}',
    (j #>> '{killed,total,low}')::integer, (j #>> '{killed,total,best}')::integer,
    (j #>> '{killed,total,high}')::integer,
    (j #>> '{injured,total,low}')::integer, (j #>> '{injured,total,best}')::integer,
    (j #>> '{injured,total,high}')::integer,
    CASE WHEN j ? 'damage' THEN sectors_of(j -> 'damage') ELSE '{}' END, coalesce(j ->> 'status', 'reported'), j ->> 'description',
    coalesce((j ->> 'graphic')::boolean, false), (j ->> 'public_after')::timestamptz,
    coalesce((j ->> 'synthetic')::boolean, false), j ->> 'wave', point_of(j -> 'place')
  FROM revision r CROSS JOIN LATERAL (
      SELECT c.key, c.seq, content(r.payload) AS j FROM current c
      WHERE c.subject = 'incident' AND c.key = r.key AND c.seq = r.seq AND c.retracted = 0 OFFSET 0
    ) AS c
  WHERE r.seq BETWEEN derive.first AND derive.last AND r.subject = 'incident'
    AND r.payload IS NOT NULL;

  DELETE FROM control a USING revision r
  WHERE r.seq BETWEEN derive.first AND derive.last AND r.subject = 'control' AND a.key = r.key;

  INSERT INTO control
  SELECT c.key, held.number, c.seq, j ->> 'dataset', (j ->> 'valid_on')::date, held.area ->> 'controller',
    coalesce(held.area ->> 'status', 'assessed'), coalesce(held.area ->> 'part', 'main'),
    coalesce(held.area ->> 'extent', 'area'), held.area ->> 'region', held.area ->> 'word',
    held.area ->> 'shape'
  FROM revision r CROSS JOIN LATERAL (
      SELECT c.key, c.seq, content(r.payload) AS j FROM current c
      WHERE c.subject = 'control' AND c.key = r.key AND c.seq = r.seq AND c.retracted = 0 OFFSET 0
    ) AS c
    CROSS JOIN LATERAL jsonb_array_elements(coalesce(j -> 'areas', '[]')) WITH ORDINALITY AS held (area, number)
  WHERE r.seq BETWEEN derive.first AND derive.last AND r.subject = 'control'
    AND r.payload IS NOT NULL;

  INSERT INTO area
  SELECT DISTINCT s.sha256, ST_SetSRID(ST_GeomFromWKB(s.wkb), 4326)
  FROM revision r JOIN control a ON a.key = r.key JOIN shape s ON s.sha256 = a.sha256
  WHERE r.seq BETWEEN derive.first AND derive.last AND r.subject = 'control'
    AND NOT EXISTS (SELECT FROM area WHERE area.sha256 = s.sha256)
  ON CONFLICT DO NOTHING;

  DELETE FROM merged m USING revision r
  WHERE r.seq BETWEEN derive.first AND derive.last AND r.subject = 'merge' AND m.merge = r.key;

  INSERT INTO merged
  SELECT DISTINCT c.key, member ->> 'key'
  FROM revision r CROSS JOIN LATERAL (
      SELECT c.key, c.seq, content(r.payload) AS j FROM current c
      WHERE c.subject = 'merge' AND c.key = r.key AND c.seq = r.seq AND c.retracted = 0 OFFSET 0
    ) AS c
    CROSS JOIN LATERAL jsonb_array_elements(j -> 'members') AS member
  WHERE r.seq BETWEEN derive.first AND derive.last AND r.subject = 'merge'
    AND r.payload IS NOT NULL AND coalesce((j ->> 'is_same')::boolean, true);
END $$;

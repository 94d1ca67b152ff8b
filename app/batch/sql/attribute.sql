-- The region of each incident with a point, by level: as stated, else the one it lies in.
-- `region_of` is in app/batch/attribution.py.
SELECT i.dataset, i.id, v.level, region_of(v.level, i.admin1, i.admin2, i.lon, i.lat) AS region
FROM incidents i CROSS JOIN (SELECT DISTINCT level FROM regions) v
WHERE i.lon IS NOT NULL

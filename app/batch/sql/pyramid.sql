-- Marks by tile of the web grid, for zooms 0 to the last, by dataset.
SELECT z.z, i.mercator_x >> (31 - z.z) AS x, i.mercator_y >> (31 - z.z) AS y, i.dataset,
  count(*) AS incidents, sum(i.killed_low) AS killed_low
FROM incidents i CROSS JOIN (SELECT unnest(range(0, :zooms)) AS z) AS z
WHERE i.mercator_x IS NOT NULL AND i.first_day IS NOT NULL
GROUP BY z.z, i.mercator_x >> (31 - z.z), i.mercator_y >> (31 - z.z), i.dataset

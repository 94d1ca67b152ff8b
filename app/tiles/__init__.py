"""The tile grid, vector tiles and raster tiles."""

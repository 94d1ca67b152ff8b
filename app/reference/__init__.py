"""Reads `geodata/`: theatres, taxonomies, regions and the basemap. Everything is read on first use."""

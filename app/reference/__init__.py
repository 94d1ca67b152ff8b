"""Reads `geodata/`, each part on first use: theatres, taxonomies, regions and the basemap."""

"""Reference map data, each folder with its SOURCE.md and the script that rebuilds it.

Nothing in `app` imports this package: `app.reference` reads the Parquet files. Rebuild with
`pip install -r geodata/requirements-build.txt`, then `python -m geodata.regions.build` and, after
it, `python -m geodata.basemap.build` from the repository's root.
"""

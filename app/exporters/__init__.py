"""A View's incidents as files: rows in, bytes out, batch by batch; no store, no network."""

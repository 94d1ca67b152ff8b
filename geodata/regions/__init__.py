"""Countries and first-level units: `admin0.parquet`, `admin1.parquet`."""

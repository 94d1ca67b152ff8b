"""The operator's basemap file: opened, decoded and understood, whatever its schema."""

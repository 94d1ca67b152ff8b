"""The operator's basemap file, opened, decoded and understood; tile services that they name."""

"""One running instance: its record, index and reference data, and who may use it."""

"""The read model: memory-mapped columns of every revision, built from the record and disposable."""

"""Writes a View's incidents as files, batch by batch, without store and network."""

"""Joins and counts over a lake, as SQL on an engine of other makers (extra `scale`)."""

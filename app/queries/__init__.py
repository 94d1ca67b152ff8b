"""Numbers, lists and documents about a published View."""

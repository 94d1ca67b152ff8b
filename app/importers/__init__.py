"""Bytes to records and rejections: one file per format, no network, no store."""

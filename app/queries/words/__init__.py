"""Sentences about a View and its records, in the reader's language."""

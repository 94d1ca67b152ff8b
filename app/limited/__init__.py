"""Readings of files from outside: each in a process of its own, with limits."""

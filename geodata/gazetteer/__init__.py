"""Builds the list of settlements by which names of places are found."""

"""Colours, classes and drawing shared by tiles, figures and the page's legend."""

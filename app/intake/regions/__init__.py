"""Boundaries that an operator imports."""

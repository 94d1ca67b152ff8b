"""Strikemap: strikes, the harm they did and who held the ground: who says so, and since when."""

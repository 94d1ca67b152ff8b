"""Strikemap: strikes, the harm they did and who held the ground, each with who says so and since when."""

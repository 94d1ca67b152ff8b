"""The pages of the map and of the comparison, and the columns that the map reads."""

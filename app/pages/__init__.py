"""What the pages of the map, its columns and the comparison hold."""

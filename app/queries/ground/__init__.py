"""Who held the ground: areas, changes, agreement, and what that says of incidents."""

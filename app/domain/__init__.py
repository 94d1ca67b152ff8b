"""What the project talks about, without any I/O: incidents, counts, places, control, views."""

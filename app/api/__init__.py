"""HTTP: reads addresses into queries, calls the packages below, writes answers."""

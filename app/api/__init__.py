"""HTTP: parses addresses into Views, calls services, writes answers. Nothing else."""

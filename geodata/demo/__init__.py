"""The demo of the `ukraine` theatre: what one document reports, and nothing else."""

"""Changes of single records and of terms: each has a reason and a name."""

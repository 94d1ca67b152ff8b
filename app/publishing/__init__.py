"""From a View to what its audience may see of it."""

"""Scripts for maintainers and for the test command."""

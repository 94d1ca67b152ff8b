"""An instance as one file, and back: packing, checking and restoring a backup."""

"""From a file to the record: reading, planning, writing, taking back."""

"""Opens files: tables, workbooks, layers, archives. It does not know what a row means."""

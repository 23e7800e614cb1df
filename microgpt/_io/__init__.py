"""Files, folders and downloads: the only places that write, name or fetch them."""

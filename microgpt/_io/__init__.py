"""Atomic writes, paths, downloads and JSON: the only modules that write, name or fetch files."""

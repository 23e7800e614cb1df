"""Shared file access: atomic writes, paths, downloads, JSON, and the memory available."""

"""Threads of this family."""

"""The command `microgpt`: a module for each of its commands."""

from microgpt.cli.main import entry_point, main

__all__ = ["entry_point", "main"]

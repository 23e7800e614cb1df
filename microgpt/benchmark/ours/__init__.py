"""This package's own workers: the programs that are measured."""

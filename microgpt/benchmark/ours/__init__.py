"""This package as a contender: the programs that are measured."""

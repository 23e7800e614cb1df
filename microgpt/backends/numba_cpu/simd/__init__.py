"""Vectors, small tiles and scalar functions that the kernels are built from."""

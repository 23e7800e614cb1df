"""The workers of other libraries, run as scripts by their own Python.

They need the standard library, NumPy and the library they are named after, not this package.
"""

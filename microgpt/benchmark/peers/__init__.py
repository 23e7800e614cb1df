"""Workers for other libraries, run as scripts by a Python that has these libraries.

They import the standard library, NumPy and their own library, but not this package.
"""

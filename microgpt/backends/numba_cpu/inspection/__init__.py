"""Kernels compiled to be looked at, for any processor; `microgpt.backends.inspection` reads them.

`worker` is the process that does it, `cross_compile` turns Numba's compiler to a processor,
`kernel_assembly` compiles kernels by name, for arguments of the types in `signatures`.
"""

"""The loops: every kernel as a loop nest that Numba compiles, parallel where the work is large."""

from microgpt.backends.launching import Backend
from microgpt.backends.numpy_ref import kernels_of


def load() -> Backend:
    # A kernel that is not written here is NumPy's: both work on the same arrays.
    return Backend("numba", kernels_of("microgpt.backends.numpy_ref") | kernels_of(__name__))

"""The loops: every kernel as a loop nest that Numba compiles, parallel where the work is large."""

from microgpt.backends.launching import Backend, Kernel
from microgpt.backends.numpy_ref import kernels_of


class NumbaBackend(Backend):
    """The Numba back end; a replay calls the compiled variant without asking again which one."""

    def resolve(self, kernel: Kernel, arguments: tuple) -> Kernel:
        pick = getattr(kernel, "pick", None)
        return kernel if pick is None else pick(arguments)


def load() -> Backend:
    # A kernel that is not written here is NumPy's: both work on the same arrays.
    numpy_kernels = kernels_of("microgpt.backends.numpy_ref")
    return NumbaBackend("numba", numpy_kernels | kernels_of(__name__))

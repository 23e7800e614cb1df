"""The loops: every kernel as a loop nest that Numba compiles; threads share the large ones.

How: `jit/prange.py` and `jit/parallel_region.py`.
"""

from collections.abc import Callable, Sequence

from microgpt.backends.dispatch import Backend, LaunchTable
from microgpt.backends.numpy_ref import kernels_of


class NumbaBackend(Backend):
    """Compiled kernels, whose calls can be made without Python."""

    def lower(self, calls: Sequence[tuple[Callable[..., None], tuple]]) -> LaunchTable:
        from microgpt.backends.numba_cpu.jit.launch_table import lower

        return lower(calls)


def load() -> Backend:
    # A kernel that is not written here is NumPy's: both work on the same arrays.
    return NumbaBackend("numba", kernels_of("microgpt.backends.numpy_ref") | kernels_of(__name__))

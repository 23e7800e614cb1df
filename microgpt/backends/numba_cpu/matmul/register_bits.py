"""How wide the vector registers are that compiled code uses on this machine."""

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import FLAGS
from microgpt.backends.numba_cpu.matmul.llvm_simd import LANES

FLOAT_BITS = 32
WIDEST = 512  # of x86: the registers zmm


def register_bits() -> int:
    """Return the bits of the registers that the matrix product uses.

    It is WIDEST if a plain loop, which LLVM vectorises as it likes, uses them.
    """

    @numba.njit(**FLAGS)
    def doubled(x):
        for i in range(x.size):
            x[i] = 2 * x[i]

    doubled(np.ones(8, np.float32))
    (assembly,) = doubled.inspect_asm().values()
    return WIDEST if "%zmm" in assembly else FLOAT_BITS * LANES

"""Split-K: a small weight's gradient, which sums over all rows of a batch, in steps of a few rows.

dweight = dyᵀ · x. If threads divide its columns, each of them reads all rows, of which another core
has half in its cache: on two cores that took as long as on one. Here a thread sums over rows that
it has written itself, into a matrix for each step, and a last call adds up the matrices. A launch
that is not shared adds each step to dweight at once: the same sums in the same order.

Gained: a training step on the 32 texts takes a sixth less on two cores, most of it in this gradient
(`microgpt bench --workloads batch`; `docs/diary.md`).
"""

from numba import njit

from microgpt.backends.numba_cpu.jit.compile import HELPER, ORDERED
from microgpt.backends.numba_cpu.matmul.packing import KC

# Rows: several steps for each of several threads, of a batch of a few hundred; and each in one step
# of the product's own, KC, or a shared launch would add up in another order.
STEP = min(64, KC)
MAX_SIZE = 16_384  # numbers of dweight, above which to write and add the sums takes longer


def count_steps(dweight, dbias, rows):
    """How many steps the sum over these rows has; 1 where it is not split."""
    # A bias would need sums of its own; loops in float64 add each product to dweight by itself.
    if dweight.size > MAX_SIZE or dbias.size > 0 or dweight.itemsize != 4:
        return 1
    return -(-rows // STEP)


count_steps_compiled = njit(**HELPER)(count_steps)


@njit(**HELPER | ORDERED)
def add_steps(dweight, sums):
    """dweight += sums[0] + sums[1] + …, one after the other."""
    for step in range(len(sums)):
        for m in range(dweight.shape[0]):
            for k in range(dweight.shape[1]):
                dweight[m, k] += sums[step, m, k]

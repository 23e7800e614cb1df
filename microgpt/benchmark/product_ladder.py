"""What each kernel of a product asks of memory, counted by the interpreter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from microgpt import interpreter
from microgpt.benchmark.register_product import TILE, WIDE, tiled_in_registers
from microgpt.errors import KernelError
from microgpt.interpreter.gallery import KERNELS
from microgpt.interpreter.traffic import SECTOR_BYTES

FLOAT_BYTES = 4
TOLERANCE = 1e-3  # of float32 sums
SHAPE = (8, 16, 16)  # M, K, N of the product that is counted


@dataclass(frozen=True)
class Rung:
    """A kernel, the threads (x, y) of a block, and how many (columns, rows) of results it has."""

    name: str
    note: str
    kernel: Callable[..., None]
    block: tuple[int, int]
    tile: tuple[int, int]

    def grid(self, M: int, N: int) -> tuple[int, int]:
        """Return the blocks (x, y) that cover a result (M, N)."""
        return -(-N // self.tile[0]), -(-M // self.tile[1])


SQUARE = (TILE, TILE)
RUNGS = (
    Rung("naive by columns", "neighbours go down a column",
         KERNELS["naive_matmul_down_the_rows"].kernel, SQUARE, SQUARE),
    Rung("naive by rows", "neighbours go along a row",
         KERNELS["naive_matmul"].kernel, SQUARE, SQUARE),
    Rung("tiles", "8 × 8, in shared memory", KERNELS["tiled_matmul"].kernel, SQUARE, SQUARE),
    Rung("register tiles", "8 × 16, 2 × 2 results per thread",
         tiled_in_registers, (TILE, TILE // 2), (WIDE, TILE)),
)  # fmt: skip


@dataclass(frozen=True)
class RungCounts:
    """What one kernel did: accesses of single threads, sectors of global memory, bank passes.

    `inputs` is how many numbers a and b have. A rung without a kernel is the least that any kernel
    needs.
    """

    name: str
    note: str
    inputs: int
    loads: int
    sectors: int
    shared_reads: int = 0
    passes: int = 0

    @property
    def loads_per_input(self) -> float:
        """How often each number of a and b was requested, on average."""
        return self.loads / self.inputs


def count_rung(rung: Rung, M: int, K: int, N: int) -> RungCounts:
    """Run a kernel on a (M, K) and b (K, N), and count.

    Raises KernelError for what is wrong with it, and where its result is not NumPy's.
    """
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=size).astype(np.float32) for size in ((M, K), (K, N)))
    out = np.zeros((M, N), np.float32)
    report = interpreter.run(
        rung.kernel, rung.grid(M, N), rung.block, out, a, b, trace=True, fresh=("out",)
    ).raise_if_wrong()
    difference = float(np.abs(out - a @ b).max())
    if not difference <= TOLERANCE:
        raise KernelError(f"{rung.name}: the result is up to {difference:.2g} from NumPy's")
    lines = interpreter.count_traffic(report.accesses)
    return RungCounts(
        rung.name,
        rung.note,
        inputs=a.size + b.size,
        loads=_total(lines, "accesses", "global", "read"),
        sectors=_total(lines, "cost", "global"),
        shared_reads=_total(lines, "accesses", "shared", "read"),
        passes=_total(lines, "cost", "shared"),
    )


def min_counts(M: int, K: int, N: int) -> RungCounts:
    """Return what any kernel needs: each number requested once, each result written once."""
    inputs = M * K + K * N
    sectors = sum(-(-n * FLOAT_BYTES // SECTOR_BYTES) for n in (M * K, K * N, M * N))
    return RungCounts("the least possible", "each number once", inputs, inputs, sectors)


def count_ladder(shape: tuple[int, int, int] = SHAPE) -> tuple[RungCounts, ...]:
    """Count every rung for a product of M × K by K × N, and the least that is possible."""
    return (*(count_rung(rung, *shape) for rung in RUNGS), min_counts(*shape))


def _total(
    lines: Sequence[interpreter.LineTraffic], field: str, space: str, operation: str = ""
) -> int:
    return sum(
        getattr(line, field)
        for line in lines
        if line.space == space and operation in ("", line.operation)
    )

"""The kernels with a race that notebook 14 collects, run in three orders when you ask for them."""

import numpy as np

from microgpt import interpreter
from microgpt.interpreter.gallery import KERNELS, GalleryKernel
from microgpt.viz.race_table import RaceRow, RaceTable

RIGHT = ("block_sum", "tiled_matmul", "row_softmax")
RACING = (
    "sum_in_one_element", "sum_in_output", "sum_without_first_barrier",
    "sum_without_barrier_in_loop", "sum_by_every_thread", "matmul_without_first_barrier",
    "matmul_without_second_barrier", "softmax_without_middle_barrier", "softmax_in_shared_elements",
)  # fmt: skip
TOLERANCE = 1e-5  # float32, relative and absolute


def race_table() -> RaceTable:
    """Run each kernel, and the right ones beside them, in each order of `interpreter.ORDERS`."""
    rows, controls = ([run_kernel(KERNELS[name]) for name in names] for names in (RACING, RIGHT))
    return RaceTable(interpreter.ORDERS, rows, controls)


def run_kernel(entry: GalleryKernel) -> RaceRow:
    """Run a kernel in each order; return which results were right, and what was found."""
    task, results, findings = entry.task, [], []
    for order in interpreter.ORDERS:
        out, *inputs = task.arguments()
        grid = task.grid(task.sizes, task.block)
        report = interpreter.run(entry.kernel, grid, task.block, out, *inputs, order=order)
        expected = task.expected(tuple(inputs), task.block)
        results.append(bool(np.allclose(out, expected, TOLERANCE, TOLERANCE)))
        findings.append(tuple(finding.type for finding in report.findings))
    return RaceRow(task.title, entry.title.replace("`", ""), tuple(results), tuple(findings))

"""The kernels with a race that notebook 14 collects, run in three orders when you ask for them."""

import numpy as np

from microgpt import interpreter
from microgpt.interpreter.gallery import KERNELS, GalleryKernel
from microgpt.viz.race_table import RaceRow, RaceTable

RIGHT = ("block_sum", "tiled_matmul", "row_softmax")
# A kernel -> what its mistake is, in words that need none of its code.
RACING = {
    "sum_in_one_element": "all threads add to one element of shared memory",
    "sum_in_output": "all threads add to one element of out",
    "sum_without_first_barrier": "no barrier before the loop: threads add what may not be there",
    "sum_without_barrier_in_loop": "no barrier in the loop: a thread may be a round behind",
    "sum_by_every_thread": "all threads add in each round, not only the first half",
    "matmul_without_first_barrier": "no barrier between bringing numbers and using them",
    "matmul_without_second_barrier": "no barrier between using numbers and replacing them",
    "softmax_without_middle_barrier": "sums replace the largest while others still read it",
    "softmax_in_shared_elements": "all threads change one largest and one sum",
}
TOLERANCE = 1e-5  # float32, relative and absolute


def race_table() -> RaceTable:
    """Run each kernel, and the right ones beside them, in each order of `interpreter.ORDERS`."""
    rows = [run_kernel(KERNELS[name], mistake) for name, mistake in RACING.items()]
    controls = [run_kernel(KERNELS[name]) for name in RIGHT]
    return RaceTable(interpreter.ORDERS, rows, controls)


def run_kernel(entry: GalleryKernel, mistake: str = "") -> RaceRow:
    """Run a kernel in each order; return which results were right, and what was found."""
    task, results, findings = entry.task, [], []
    for order in interpreter.ORDERS:
        out, *inputs = task.arguments()
        grid = task.grid(task.sizes, task.block)
        report = interpreter.run(entry.kernel, grid, task.block, out, *inputs, order=order)
        expected = task.expected(tuple(inputs), task.block)
        results.append(bool(np.allclose(out, expected, TOLERANCE, TOLERANCE)))
        findings.append(tuple(finding.type for finding in report.findings))
    return RaceRow(task.title, mistake, tuple(results), tuple(findings))

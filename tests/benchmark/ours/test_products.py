"""Our kernels and NumPy's BLAS compute the same products of a layer."""

import numpy as np
import pytest

from microgpt.benchmark.ours.products import LayerStep, linear_products
from microgpt.benchmark.peers.layer_arrays import layer_arrays

SHAPE, REPEATS = [12, 20, 33], 3


def check(step):
    """Compare with float64."""
    x, weight, dy = (array.astype(np.float64) for array in layer_arrays(SHAPE))
    np.testing.assert_allclose(step.y, x @ weight.T, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(step.dx, dy @ weight, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(step.dweight, dy.T @ x, rtol=1e-4, atol=1e-4)


def forget(step):
    """Overwrite the results, so that only a further run can make them right."""
    for array in (step.y, step.dx, step.dweight):
        array.fill(np.nan)


def test_kernels_recorded_and_replayed(backend):
    step = LayerStep(SHAPE)
    run = step.by_kernels(REPEATS)
    for _ in range(5):  # recorded twice, timed twice, then replayed
        forget(step)
        run()
        check(step)
    assert [launch.name for launch in run.launches()] == REPEATS * [
        "linear_forward", "linear_backward"
    ]  # fmt: skip


def test_numpy():
    step = LayerStep(SHAPE)
    run = step.by_numpy(REPEATS)
    for _ in range(2):
        run()
        check(step)


@pytest.mark.usefixtures("backend")
def test_all_arrays_begin_at_a_cache_line():
    step = LayerStep(SHAPE)
    for array in (step.x, step.weight, step.dy, step.y, step.dx, step.dweight):
        assert array.ctypes.data % 64 == 0


def test_a_job_counts_operations(backend):
    flops = 6 * 12 * 20 * 33
    task = {"backend": backend, "shape": SHAPE, "repeats": REPEATS, "flops": flops}
    job = linear_products(task)
    job.run_unit()
    assert (job.count, job.metadata) == (REPEATS * flops, {"unit": "GFLOP/s"})

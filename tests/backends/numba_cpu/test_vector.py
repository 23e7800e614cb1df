"""Vectors of 16 numbers, whatever a register of the processor holds."""

import os
import subprocess
import sys

import pytest

from microgpt.backends.numba_cpu.simd.registers import register_lanes
from microgpt.backends.processors import PROCESSORS

TRANSPOSE = """
import numba
import numpy as np
from microgpt.backends.numba_cpu.simd.vector import LANES, REGISTER_LANES, transpose

@numba.njit
def transposed(out, array, offset, row_stride):
    transpose(out, 3, array, offset, row_stride)

for dtype in ("float32", "float64"):
    array = np.arange(19 * 23, dtype=dtype)
    out = np.full(LANES * LANES + 6, -1, dtype)
    transposed(out, array, 5, 19)
    square = array[5 : 5 + 19 * LANES].reshape(LANES, 19)[:, :LANES]
    assert (out[3:-3].reshape(LANES, LANES) == square.T).all()
    assert (out[:3] == -1).all() and (out[-3:] == -1).all()
print(REGISTER_LANES)
"""


@pytest.mark.parametrize(
    ("name", "features"), [PROCESSORS["avx2"][1:], ("generic", ""), (None, "")]
)
def test_squares_are_transposed_in_registers_of_any_size(name, features):
    limits = {} if name is None else {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features}
    result = subprocess.run(
        [sys.executable, "-c", TRANSPOSE],
        env=os.environ | limits | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    if name is not None:
        named = {part[1:]: True for part in features.split(",")}
        assert int(result.stdout) == register_lanes(named)


def test_lanes_of_a_register():
    assert register_lanes({"avx512f": True, "avx2": True}) == 16
    assert register_lanes({"avx2": True}) == 8
    assert register_lanes({"neon": True}) == register_lanes({}) == 4

"""How Numba's products read codes: in vectors, and each row the same whatever is beside it."""

import re

import numpy as np
import pytest

from microgpt import backends

NONE = np.empty(0, np.float32)


@pytest.mark.parametrize(("dtype", "widening"), [("int8", "(sext|sitofp)"), ("uint16", "zext")])
def test_codes_are_widened_in_registers(dtype, widening):
    k, codes = backends.get("numba"), np.ones((8, 32), dtype)
    kernel = k.kernels["quantized_linear_forward"]
    k.launch("quantized_linear_forward", np.empty((1, 8), np.float32),
             np.ones((1, 32), np.float32), codes, NONE, NONE)  # fmt: skip
    code = "".join(
        str(overload.library._get_module_for_linking())
        for signature, overload in kernel.serial.overloads.items()
        if str(signature[2].dtype) == dtype
    )
    bits = codes.itemsize * 8
    assert re.search(rf"= {widening} (nneg )?<16 x i{bits}> .* to <16 x (i32|float)>", code)
    assert "llvm.prefetch" in code
    assert "double" not in code  # as where one int is compared with another that has no sign


@pytest.mark.parametrize("dtype", ["int8", "uint16"])
def test_few_rows_have_the_bits_that_each_has_alone(dtype):
    rng, k = np.random.default_rng(3), backends.get("numba")
    codes = rng.integers(0, 100, (150, 70)).astype(dtype)
    codes += np.array(0x3F00 if dtype == "uint16" else 0, dtype)
    x, y = rng.normal(size=(4, 70)).astype(np.float32), np.empty((4, 150), np.float32)
    k.launch("quantized_linear_forward", y, x, codes, NONE, NONE)
    for n in range(4):
        alone = np.empty((1, 150), np.float32)
        k.launch("quantized_linear_forward", alone, x[n : n + 1], codes, NONE, NONE)
        np.testing.assert_array_equal(alone[0], y[n])

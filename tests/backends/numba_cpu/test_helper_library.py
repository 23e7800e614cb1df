"""Helpers are compiled where they are called, and nowhere else."""

import numba
import numpy as np

from microgpt.backends.numba_cpu.jit.compile import FLAGS, HELPER, INLINE
from microgpt.backends.numba_cpu.jit.helper_library import HelperLibrary


@numba.njit(**INLINE)
def doubled(x):
    return x + x


@numba.njit(**HELPER)
def four_times(x):
    return doubled(doubled(x))


@numba.njit(**FLAGS)
def scale(x):
    for i in range(x.size):
        x[i] = four_times(x[i])


def test_a_helper_has_no_machine_code_of_its_own():
    x = np.arange(100.0)
    scale(x)
    np.testing.assert_array_equal(x, 4 * np.arange(100.0))
    (caller,) = scale.overloads.values()
    engine = caller.library.codegen._engine
    assert engine.is_symbol_defined(caller.fndesc.llvm_func_name)
    for helper in (doubled, four_times):
        (overload,) = helper.overloads.values()
        assert type(overload.library) is HelperLibrary
        assert not engine.is_symbol_defined(overload.fndesc.llvm_func_name)
        assert overload.library.get_pointer_to_function(overload.fndesc.llvm_func_name) == 0


def test_a_caller_is_optimised_with_its_helpers():
    scale(np.arange(3.0))
    (code,) = scale.inspect_llvm().values()
    assert "x double>" in code  # in vectors
    body = code[code.index("define ") :].partition("\n}")[0]
    assert "four_times" not in body

"""Constants of a process that compiled code calls by name."""

from numba import njit, types

from microgpt.backends.numba_cpu.jit.native_code import define_constant


def test_compiled_code_calls_a_constant_by_its_name():
    define_constant("microgpt_test_constant", 2**40 + 7)
    constant = types.ExternalFunction("microgpt_test_constant", types.intp())

    @njit
    def doubled():
        return 2 * constant()

    assert doubled() == 2 * (2**40 + 7)

"""Numbers of a process that compiled code calls by name."""

from numba import config, njit

from microgpt.backends.numba_cpu.jit.native_code import define_num_threads, num_threads


def test_compiled_code_calls_the_number_of_threads_by_its_name():
    define_num_threads()

    @njit
    def doubled():
        return 2 * num_threads()

    assert doubled() == 2 * config.NUMBA_NUM_THREADS

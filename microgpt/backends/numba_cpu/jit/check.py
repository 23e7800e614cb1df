"""`@check(explain)`: a compiled kernel that only validates, so that a native replay can call it."""

from collections.abc import Callable
from functools import cached_property

from microgpt.backends.numba_cpu.jit.compile import FLAGS, njit_cached


class Check:
    """A loop that raises a bare ValueError; `explain`, NumPy's check, then raises with details."""

    def __init__(self, function: Callable, explain: Callable):
        self.function, self.explain = function, explain

    @cached_property
    def compiled(self) -> Callable:
        return njit_cached(self.function, FLAGS)

    @property
    def serial(self) -> Callable:
        """The compiled loop, as a kernel names it."""
        return self.compiled

    def select_variant(self, arguments: tuple) -> Callable:
        return self.run

    def run(self, *arguments) -> None:
        """The compiled loop; where it raises, `explain` does so with details."""
        try:
            self.compiled(*arguments)
        except ValueError:
            pass
        else:
            return
        self.explain(*arguments)


def check(explain: Callable) -> Callable[[Callable], Check]:
    return lambda function: Check(function, explain)

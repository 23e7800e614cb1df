"""`@check(explain)`: a kernel that only refuses, compiled, so that a native replay can call it."""

from collections.abc import Callable
from functools import cached_property

from microgpt.backends.numba_cpu.jit.compile import FLAGS, compiled


class Check:
    """A loop that raises a bare ValueError; `explain`, NumPy's check, then says what was wrong."""

    def __init__(self, function: Callable, explain: Callable):
        self.function, self.explain = function, explain

    @cached_property
    def compiled(self) -> Callable:
        return compiled(self.function, FLAGS)

    def select_variant(self, arguments: tuple) -> Callable:
        return self.run

    def run(self, *arguments) -> None:
        """The compiled loop; where that refuses, the error with all details."""
        try:
            self.compiled(*arguments)
        except ValueError:
            pass
        else:
            return
        self.explain(*arguments)


def check(explain: Callable) -> Callable[[Callable], Check]:
    return lambda function: Check(function, explain)

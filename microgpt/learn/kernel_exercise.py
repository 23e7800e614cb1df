"""`KernelExercise`: an exercise whose answer is a kernel, what one thread of a GPU does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from microgpt.errors import SettingError
from microgpt.interpreter.gallery import KernelTask
from microgpt.learn import time_limit
from microgpt.learn.answer_stub import is_stub
from microgpt.learn.exercise import CommonMistake, Exercise, Mismatch
from microgpt.learn.fixed_numbers import fixed_number
from microgpt.learn.kernel_goals import compare_run
from microgpt.learn.kernel_runs import Axes, KernelRun, RecordedKernel
from microgpt.learn.messages import format_message
from microgpt.learn.own_names import in_own_words
from microgpt.learn.parsers import anything
from microgpt.learn.results import NotAttempted

KERNEL_FACTOR = 4  # of the time that a function has
MAX_SHOWN = 12  # numbers of an array in the text of an example


@dataclass(frozen=True, kw_only=True)
class KernelExercise(Exercise):
    """An exercise whose answer is a kernel; the interpreter runs it, in each order of its threads.

    The kernel's first parameter is the output, which begins with zeros; the others are inputs. The
    arguments of a case and of the example are `(grid, block, *inputs)`: the blocks of the launch,
    the threads of a block (an integer, or a tuple for two axes) and float32 arrays. The answer of a
    property's test returns a `KernelRun`; without a test, the output must be `task.expected`. The
    function of a common mistake is a kernel, and `matches(run, grid, block, *inputs)` recognises
    it; the first that does is named.
    """

    task: KernelTask
    parse: Callable[[Any], Any] = anything

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(mistake.matches is None for mistake in self.common_mistakes):
            raise SettingError(f"common_mistakes of {self.id}", "each with `matches`")

    @property
    def is_kernel(self) -> bool:
        """Whether the answer is a kernel."""
        return True

    @property
    def time_limits(self) -> tuple[float, float]:
        """The seconds of CPU time, and in all, after which a check stops the answer.

        They are long: the interpreter counts a launch's steps, and ends an endless kernel itself.
        """
        return KERNEL_FACTOR * time_limit.CPU_LIMIT, KERNEL_FACTOR * time_limit.WALL_LIMIT

    @property
    def case_names(self) -> list[str]:
        """The names of a case's arguments."""
        return ["grid", "block", *self.parameter_names[1:]]

    def prepare(self, answer: Any) -> RecordedKernel:
        """Return the answer as one that remembers its launches, for one check."""
        return RecordedKernel(answer)

    def call(self, answer: Any, grid: Axes, block: Axes, *inputs: np.ndarray) -> KernelRun:
        """Launch a kernel, and return what it did. Raises NotAttempted for a stub."""
        recorded = answer if isinstance(answer, RecordedKernel) else RecordedKernel(answer)
        expected = self.task.expected(inputs, _axes(block))
        run = recorded.run(grid, block, inputs, expected)
        if run.lines is None and _returns_stub(recorded.kernel, expected, inputs):
            raise NotAttempted
        if run.lines is not None and run.lines.is_stub():
            raise NotAttempted
        return run

    def expected(self, grid: Axes, block: Axes, *inputs: np.ndarray) -> np.ndarray:
        """Return the output that the inputs should give."""
        return self.task.expected(inputs, _axes(block))

    def compare(self, got: KernelRun, expected: Any) -> Mismatch | None:
        """Return None if the output of a run is as expected in each order, else the mismatch."""
        return compare_run(got, np.asarray(expected), self.tolerance)

    def example_text(self) -> str:
        """Return the example's launch, and its output, as Markdown."""
        assert self.example is not None
        grid, block, *inputs = self.example.arguments
        arguments = ", ".join(map(_short_text, inputs))
        values = {
            "name": self.answer_name, "arguments": arguments, "grid": grid, "block": block,
            "result": _short_text(self.example.result),
        }  # fmt: skip
        return format_message("kernels", "example", **values)

    def find_mistake(self, run: Any, arguments: Sequence[Any]) -> CommonMistake | None:
        """Return the first common mistake that explains a failing run; None if no mistake does.

        A number that stands for the threads of a block comes first: with it the cause is certain.
        The cause has the kernel's own names.
        """
        if not isinstance(run, KernelRun) or run.error is not None:
            return None
        grid, block, *inputs = arguments
        found = fixed_number(run, grid, block, inputs)
        if found is not None:
            key = "fixed_number_along" if isinstance(block, tuple) else "fixed_number"
            cause = format_message("kernels", key, **found._asdict())
            return CommonMistake("a number for cuda.blockDim", run.kernel, cause)
        for mistake in self.common_mistakes:
            if mistake.matches is not None and mistake.matches(run, *arguments):
                definition = None if run.lines is None else run.lines.definition
                if definition is None:
                    return mistake
                return replace(mistake, cause=in_own_words(mistake.cause, definition))
        return None


def _returns_stub(kernel: Any, expected: np.ndarray, inputs: Sequence[np.ndarray]) -> bool:
    """Whether a function whose source cannot be read, so that it was not run, is a stub."""
    try:
        return is_stub(kernel(np.zeros_like(expected), *(array.copy() for array in inputs)))
    except (NotAttempted, NotImplementedError):
        return True
    except Exception:  # such as that of `cuda`, which nothing brings here
        return False


def _short_text(array: np.ndarray) -> str:
    """Return an array on one line; of a large one the first and last numbers of each axis."""
    text = np.array2string(
        array, threshold=MAX_SHOWN, edgeitems=3 - array.ndim, separator=", ",
        formatter={"float_kind": lambda number: f"{number:.4g}"},
    )  # fmt: skip
    return " ".join(text.split())


def _axes(sizes: Axes) -> tuple[int, ...]:
    return sizes if isinstance(sizes, tuple) else (sizes,)

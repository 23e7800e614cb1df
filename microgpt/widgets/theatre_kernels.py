"""The kernels that the thread theatre runs: those of the gallery, and a learner's own."""

import inspect
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from types import FunctionType
from typing import Any

import numpy as np

from microgpt.errors import Described, KernelError, SettingError
from microgpt.interpreter.gallery import KERNELS, GalleryKernel
from microgpt.interpreter.kernel_source import plain_function

MAX_THREADS, MAX_BLOCKS = 64, 2
Sizes = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class KernelLaunch:
    """A kernel with its sizes and arguments, which are never changed.

    `expected` is what the first argument must hold afterwards, where that is known. Line n of the
    kernel's file is shown as n - `line_shift`. It is an answer to
    `exercise`, if that is not "".
    """

    name: str
    function: FunctionType
    grid: Sizes
    block: Sizes
    arguments: tuple[Any, ...]
    expected: np.ndarray | None = None
    line_shift: int = 0
    exercise: str = ""

    @property
    def num_blocks(self) -> int:
        return prod(self.grid)

    @property
    def num_threads(self) -> int:
        """The threads of all blocks."""
        return prod(self.grid) * prod(self.block)

    @property
    def argument_names(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.function).parameters)

    def source_lines(self) -> list[tuple[int, str]]:
        """Return the lines of the kernel with their numbers in its file."""
        lines, first = inspect.getsourcelines(self.function)
        text = textwrap.dedent("".join(lines)).expandtabs(4)
        return list(enumerate(text.rstrip().splitlines(), first))


@dataclass(frozen=True)
class GalleryChoice:
    """A kernel of the gallery, the sizes of its inputs, the threads of a block, and a seed."""

    kernel: GalleryKernel
    sizes: Sizes
    block: Sizes
    seed: int = 0

    @classmethod
    def of(cls, kernel: GalleryKernel) -> "GalleryChoice":
        """Choose a kernel in the sizes of its task."""
        return cls(kernel, kernel.task.sizes, kernel.task.block)

    def with_version(self, kernel: GalleryKernel) -> "GalleryChoice":
        """Choose another kernel of the same task, in the same sizes and with the same numbers."""
        return replace(self, kernel=kernel)

    def with_sizes(self, sizes: Sizes, threads: int) -> "GalleryChoice":
        """Change the sizes of the inputs, and the threads of a block that has one axis."""
        sizes = sizes[: len(self.sizes)]
        return replace(self, sizes=sizes, block=with_threads(self.block, threads))

    @property
    def size_labels(self) -> tuple[str, ...]:
        """What the number boxes of the sizes are called."""
        return tuple("numbers" if name == "n" else name for name in self.kernel.task.size_names)

    def launch(self) -> KernelLaunch:
        """Return the launch. Raises SettingError where it would not fit on the stage."""
        task, function = self.kernel.task, plain_function(self.kernel.kernel)
        assert function is not None
        for label, size in zip(self.size_labels, self.sizes, strict=True):
            if size < 1:
                raise SettingError(label, "at least 1", size)
        check_threads(self.block)
        grid = task.grid(self.sizes, self.block)
        if prod(grid) > MAX_BLOCKS:
            raise SettingError(
                self.size_labels,
                f"covered by {MAX_BLOCKS} blocks of {prod(self.block)} threads, to be seen",
                Described(f"sizes that need {prod(grid)} blocks"),
                "make the input smaller",
            )
        output, *inputs = task.arguments(self.sizes, self.block, self.seed)
        expected = task.expected(tuple(inputs), self.block)
        first_line = function.__code__.co_firstlineno
        return KernelLaunch(
            self.kernel.title, function, grid, self.block, (output, *inputs), expected,
            first_line - 1, f"14.{task.name}",
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class OwnKernel:
    """A learner's kernel with its sizes and arguments; its lines are numbered as in its cell."""

    function: FunctionType
    grid: Sizes
    block: Sizes
    arguments: tuple[Any, ...]

    @classmethod
    def of(
        cls, kernel: Any, blocks: int | Sequence[int], threads: int | Sequence[int],
        arguments: Sequence[Any],
    ) -> "OwnKernel":  # fmt: skip
        """Return a kernel with copies of its arguments.

        Raises SettingError for what is no function, or has too many threads or blocks.
        """
        function = plain_function(kernel)
        if function is None:
            raise SettingError(
                "kernel",
                "a Python function that begins with `def`, or a kernel made of one",
                kernel,
            )
        block, grid = as_sizes("threads", threads), as_sizes("blocks", blocks)
        check_threads(block)
        if prod(grid) > MAX_BLOCKS:
            raise SettingError("blocks", f"at most {MAX_BLOCKS}, to be seen", prod(grid))
        copies = [one.copy() if isinstance(one, np.ndarray) else one for one in arguments]
        return cls(function, grid, block, tuple(copies))

    def with_sizes(self, sizes: Sizes, threads: int) -> "OwnKernel":
        """Change the threads of a block that has one axis; the arrays stay as they are."""
        return replace(self, block=with_threads(self.block, threads))

    def launch(self) -> KernelLaunch:
        """Return the launch."""
        check_threads(self.block)
        name = self.function.__name__
        return KernelLaunch(name, self.function, self.grid, self.block, self.arguments)

    def key(self) -> tuple[Any, ...]:
        """Return what two runs of one cell have in common if their kernels are the same text."""
        arrays = [
            (one.shape, one.dtype.str, one.tobytes()) if isinstance(one, np.ndarray) else one
            for one in self.arguments
        ]
        try:
            source = inspect.getsource(self.function)
        except (OSError, TypeError):
            source = self.function.__name__
        return source, self.grid, self.block, tuple(arrays)


def find_kernel(name: str) -> GalleryKernel:
    """Return a kernel of the gallery by its name, "block_sum" or "block sum"."""
    key = name.strip().lower().replace(" ", "_") if isinstance(name, str) else ""
    if key not in KERNELS:
        raise SettingError("kernel", "a function", name, choices=KERNELS)
    return KERNELS[key]


def with_threads(block: Sizes, threads: int) -> Sizes:
    """Return a block of so many threads, or the same block if it has more than one axis."""
    return (threads,) if len(block) == 1 else block


def as_sizes(name: str, sizes: int | Sequence[int]) -> Sizes:
    """Return sizes along one to three axes. Raises SettingError for anything else."""
    axes = [sizes] if isinstance(sizes, int | np.integer) else sizes
    if not isinstance(axes, Sequence) or not 1 <= len(axes) <= 3:
        raise SettingError(name, "one to three positive integers", sizes)
    if not all(isinstance(axis, int | np.integer) and axis > 0 for axis in axes):
        raise SettingError(name, "one to three positive integers", sizes)
    return tuple(int(axis) for axis in axes)


def check_threads(block: Sizes) -> None:
    """Raise SettingError unless each thread of a block can be seen."""
    if not 1 <= prod(block) <= MAX_THREADS:
        raise SettingError("threads", f"from 1 to {MAX_THREADS} a block, to be seen", prod(block))


def check_source(launch: KernelLaunch) -> None:
    """Raise KernelError for a kernel whose source cannot be shown."""
    try:
        launch.source_lines()
    except (OSError, TypeError):
        raise KernelError(
            f"the source of {launch.name} must be in a file or a notebook's cell; write it there"
        ) from None

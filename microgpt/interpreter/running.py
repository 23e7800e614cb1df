"""`run`: all threads of a launch, one after another, in an order of one's choice."""

import inspect
import traceback
from collections.abc import Sequence
from typing import Any

import numpy as np

from microgpt.errors import KernelError, SettingError
from microgpt.interpreter.array_refusal import ArrayInExpression
from microgpt.interpreter.block import Block, Order
from microgpt.interpreter.kernel_source import plain_function, rewrite
from microgpt.interpreter.launch import Launch
from microgpt.interpreter.report import Report
from microgpt.interpreter.rewriting import IN_STEP, PLAIN, WATCHED
from microgpt.interpreter.stand_ins import Dim3

FORWARDS, BACKWARDS = "forwards", "backwards"
ORDERS = (FORWARDS, BACKWARDS, IN_STEP)
MAX_THREADS = 1024  # of a block, on every GPU
MAX_ACCESSES = 50_000_000


def run(
    kernel: Any,
    grid: int | Sequence[int],
    block: int | Sequence[int],
    *arguments: Any,
    order: str | int = FORWARDS,
    watch: bool = True,
    trace: bool = False,
    fresh: Sequence[str] = (),
    dynamic: int = 0,
    limit: int = MAX_ACCESSES,
) -> Report:
    """Run every thread of a launch; arrays are changed as on a GPU. Returns what was found.

    `kernel` is the Python function that a compiler for GPUs gets: `cuda.grid(1)`,
    `cuda.syncthreads()` and so on mean the same. `grid` blocks of `block` threads, up to three axes
    each; `arguments` are NumPy arrays and numbers. Between two waits a thread runs alone, which no
    GPU promises; what is right only because of that is among the findings. A right kernel gives the
    same numbers in every `order`: "forwards", "backwards", "in step" (one access each, then the
    next) or a seed for a random one.

    `fresh` names arguments that hold nothing yet. `trace` records every access. `dynamic` is the
    size in bytes of a shared array of shape 0. Without `watch` nothing is checked, which is about
    three times as fast. Raises a KernelError for what cannot be run at all: a kernel that raises,
    does not end within `limit` accesses, or holds what no compiler for GPUs takes.
    """
    function = plain_function(kernel)
    if function is None:
        raise SettingError("kernel", "a Python function or a kernel made of one", kernel)
    sizes, blocks = _dim3("block", block), _dim3("grid", grid)
    if sizes.size > MAX_THREADS:
        raise SettingError("block", f"at most {MAX_THREADS:,} threads", sizes.size)
    mode = (IN_STEP if order == IN_STEP else WATCHED) if watch else PLAIN
    arrange = _arranger(order)
    launch = Launch(rewrite(function, mode), blocks, sizes, mode, trace and watch, dynamic, limit)
    launch.arguments = _arguments(launch, function, arguments, fresh)
    with np.errstate(all="ignore"):
        try:
            _run_blocks(launch, blocks, sizes, arrange, order == IN_STEP)
        except KernelError:
            raise
        except Exception as error:
            raise _kernel_error(launch, error) from error
    return launch.report()


def _run_blocks(launch: Launch, grid: Dim3, sizes: Dim3, order: Order, in_step: bool) -> None:
    """Run the blocks one after another; in step, a round of each and then the next."""
    numbers = order(list(range(grid.size)))
    if not in_step:
        for number in numbers:
            for _ in Block(launch, number, sizes, grid.position(number)).rounds(order):
                pass
        return
    running = [Block(launch, n, sizes, grid.position(n)).rounds(order) for n in numbers]
    while running:
        running = [rounds for rounds in running if next(rounds, running) is not running]


def _arguments(
    launch: Launch, function: Any, arguments: tuple[Any, ...], fresh: Sequence[str]
) -> tuple[Any, ...]:
    names = list(inspect.signature(function).parameters)
    if len(names) != len(arguments):
        raise SettingError(
            "arguments", f"{len(names)} of them, ({', '.join(names)})", len(arguments)
        )
    unknown = [name for name in fresh if name not in names]
    if unknown:
        raise SettingError("fresh", f"names among {', '.join(names)}", unknown[0])
    watched = []
    for name, argument in zip(names, arguments, strict=True):
        if isinstance(argument, np.ndarray):
            if not argument.flags.c_contiguous:
                raise SettingError(
                    name, "an array whose elements lie side by side", argument.strides
                )
            if launch.is_watched:
                argument = launch.global_array(name, argument, name in fresh)
        elif type(argument) is float:
            argument = np.float64(argument)  # as a compiler types it, and as a literal
        elif not isinstance(argument, int | float | np.generic):
            raise SettingError(name, "an array or a number", type(argument))
        watched.append(argument)
    return tuple(watched)


def _arranger(order: str | int) -> Order:
    """Return what puts threads into the order in which they run."""
    if order in (FORWARDS, IN_STEP):
        return list
    if order == BACKWARDS:
        return lambda items: items[::-1]
    if isinstance(order, int) and not isinstance(order, bool) and order >= 0:
        rng = np.random.default_rng(order)
        return lambda items: [items[i] for i in rng.permutation(len(items))]
    raise SettingError(
        "order", f"one of {', '.join(map(repr, ORDERS))}, or a seed from 0 on", order
    )


def _dim3(name: str, sizes: int | Sequence[int]) -> Dim3:
    axes = [sizes] if isinstance(sizes, int | np.integer) else list(sizes)
    if not 1 <= len(axes) <= 3 or not all(
        isinstance(size, int | np.integer) and size > 0 for size in axes
    ):
        raise SettingError(name, "one to three positive integers", sizes)
    return Dim3(*map(int, axes))


def _kernel_error(launch: Launch, error: Exception) -> KernelError:
    """Return an error of the kernel's own as one sentence, with its line and the thread."""
    path = launch.kernel.function.__code__.co_filename
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == path
    ]
    line = lines[-1] if lines else "?"
    if isinstance(error, ArrayInExpression):
        return KernelError(f"line {line}: {error}")
    return KernelError(
        f"line {line}: thread {launch.moment.label} raises {type(error).__name__}: {error}"
    )

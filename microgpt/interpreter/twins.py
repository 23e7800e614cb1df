"""Single GPU instructions that Python cannot say, each with what it does written in Python.

A compiler gets the instruction, the interpreter its twin. Asynchronous copies are made at once
here, and marked as promised until the thread that started them waits for them.
"""

import functools
from collections.abc import Callable
from typing import Any

from microgpt.errors import KernelError
from microgpt.interpreter.shadow import Touch
from microgpt.interpreter.watched_array import WatchedArray

_twins: dict[Any, Callable[..., Any]] = {}
_collective: dict[Any, Callable[..., Any]] = {}


def twin_of(instruction: Any, *, collective: bool = False) -> Callable[[Callable], Callable]:
    """`@twin_of(load4)`: the function below is what the interpreter runs in its place.

    The twin of a collective instruction, which a whole warp executes together, gets a list of the
    32 lanes' arguments (None for a lane that is not there) and returns a list of their results.
    """

    def remember(function: Callable[..., Any]) -> Callable[..., Any]:
        (_collective if collective else _twins)[instruction] = function
        return function

    return remember


def twin(instruction: Any) -> Callable[..., Any] | None:
    """Return the twin of an instruction that one thread executes, or None."""
    return _find(instruction, _twins)


def collective_twin(instruction: Any) -> Callable[..., Any] | None:
    """Return the twin of an instruction that a warp executes together, or None."""
    return _find(instruction, _collective)


def load_vector(array: Any, index: tuple[int, ...], width: int) -> tuple[Any, ...]:
    """Return `width` neighbours from `index` on, for which a thread asks at once.

    A GPU asks for such numbers only where the first one's address is a multiple of all their bytes.
    """
    _check_vector(array, index, width)
    return tuple(
        _in_one_request(array, offset, array.__getitem__, (*index[:-1], index[-1] + offset))
        for offset in range(width)
    )


def store_vector(array: Any, index: tuple[int, ...], values: tuple[Any, ...]) -> None:
    """Write neighbours from `index` on at once, where `load_vector` could read them."""
    _check_vector(array, index, len(values))
    for offset, value in enumerate(values):
        element = *index[:-1], index[-1] + offset
        _in_one_request(array, offset, array.__setitem__, element, value)


def copy_vector_later(into: Any, index: tuple[int, ...], values: tuple[Any, ...]) -> None:
    """Copy neighbours into shared memory at once, promised until `finish_copies` of this thread."""
    _check_vector(into, index, len(values))
    for offset, value in enumerate(values):
        element = *index[:-1], index[-1] + offset
        _in_one_request(into, offset, functools.partial(copy_later, into), element, value)


def _in_one_request(array: Any, offset: int, access: Callable, *arguments: Any) -> Any:
    """Access an element of a vector: all after the first belong to the request of the first."""
    if type(array) is not WatchedArray:
        return access(*arguments)
    array.launch.continues_request = offset > 0
    result = access(*arguments)
    array.launch.continues_request = False
    return result


def _check_vector(array: Any, index: tuple[int, ...], width: int) -> None:
    """Raise a KernelError where a vector would begin between two multiples of its size."""
    first = 0
    for i, size in zip(index, array.shape, strict=True):
        first = first * size + int(i)
    if (first + getattr(array, "start", 0)) % width:
        shown = ", ".join(map(str, index))
        raise KernelError(
            f"{width} numbers from [{shown}] of an array of shape {tuple(array.shape)} are loaded "
            f"or stored at once, and their first is element {first}; begin at a multiple of {width}"
        )


def copy_later(into: Any, index: Any, value: Any) -> None:
    """Copy a number into shared memory, promised until `finish_copies` of this thread."""
    into[index] = value
    if type(into) is WatchedArray:
        launch, at = into.launch, into.locate(index, into.launch.line)
        if at >= 0:
            key = into.base + at * into.itemsize
            into.shadow.promises[key] = Touch(launch.moment, launch.line)
            launch.thread.open_copies.append((into.shadow, key))


def close_copies(*, launch: Any) -> None:
    """End a group: the copies that this thread has started since the last group."""
    thread = launch.thread
    thread.copy_groups.append(thread.open_copies)
    thread.open_copies = []


def finish_copies(pending: int = 0, *, launch: Any) -> None:
    """Wait until at most `pending` groups of this thread's copies are under way.

    The waiting thread has its numbers from now on; the others need a barrier, as for any write.
    """
    groups = launch.thread.copy_groups
    while len(groups) > pending:
        for shadow, key in groups.pop(0):
            promise = shadow.promises.pop(key, None)
            if promise is not None:
                shadow.writes[key] = Touch(launch.moment, promise.line)


def _find(instruction: Any, table: dict[Any, Callable[..., Any]]) -> Callable[..., Any] | None:
    try:
        return table.get(instruction)
    except TypeError:  # what cannot be hashed is no instruction
        return None

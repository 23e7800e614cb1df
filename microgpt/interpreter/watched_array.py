"""Arrays as kernels see them: each read and write is checked against bounds and the shadow."""

import math
from typing import Any

import numpy as np

from microgpt.errors import KernelError
from microgpt.interpreter import report
from microgpt.interpreter.array_refusal import RefusesArithmetic
from microgpt.interpreter.shadow import (
    Shadow,
    Touch,
    are_unordered,
    first_unordered,
    remember,
)

OUTSIDE, PART = -1, -2  # in place of an element's number: there is none, or the index takes a row


class WatchedArray(RefusesArithmetic):
    """Memory of a launch, or a row of it.

    `start` is the number of its first element in `flat`, all of the memory. `base` is where that
    begins in its shadow, in bytes, and `first_address` for the counts of traffic: 0 in global
    memory, as a GPU aligns what it allocates. An array that is `is_fresh` holds nothing yet.
    """

    __slots__ = (
        "base",
        "data",
        "dtype",
        "first_address",
        "flat",
        "full_shape",
        "is_fresh",
        "is_private",
        "is_single",
        "itemsize",
        "launch",
        "name",
        "ndim",
        "shadow",
        "shape",
        "size",
        "space",
        "start",
    )  # fmt: skip

    def __init__(
        self, launch: Any, name: str, data: np.ndarray, space: str, shadow: Shadow, base: int,
        is_fresh: bool,
    ):  # fmt: skip
        self.launch, self.name, self.space, self.shadow = launch, name, space, shadow
        self.base, self.start, self.is_fresh = base, 0, is_fresh
        self.first_address = base if space == "shared" else 0
        self.is_private = space == "local"  # no other thread's
        self.flat, self.full_shape = data.reshape(-1), data.shape
        self._show(data)

    def _show(self, data: np.ndarray) -> None:
        self.data, self.shape, self.ndim, self.size = data, data.shape, data.ndim, data.size
        self.dtype, self.itemsize = data.dtype, data.itemsize
        self.is_single = data.dtype == np.float32

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Any:
        return read(self, index, self.launch.line)

    def __setitem__(self, index: Any, value: Any) -> None:
        write(self, index, value, self.launch.line)

    def locate(self, index: Any, line: int, does: str = "reads") -> int:
        """Return the number in `flat` of the element that a thread reads or `does` something to.

        `OUTSIDE` if there is none, `PART` if the index takes a row.
        """
        shape = self.shape
        try:
            if type(index) is not tuple:
                if len(shape) != 1:
                    return PART
                if 0 <= index < shape[0]:
                    return self.start + (index if type(index) is int else _as_int(index, line))
            elif len(index) < len(shape):
                return PART
            else:
                at = 0
                for i, size in zip(index, shape, strict=True):
                    if not 0 <= i < size:
                        break
                    at = at * size + (i if type(i) is int else _as_int(i, line))
                else:
                    return self.start + at
        except TypeError:  # a slice is not compared with a number
            return PART
        except ValueError:
            raise KernelError(
                f"line {line}: {self.name} has {self.ndim} axes; got {len(index)} indices; give "
                "one for each axis"
            ) from None
        self.launch.find_outside(self, index, does, line)
        return OUTSIDE

    def part(self, index: Any, line: int) -> "WatchedArray":
        """Return a row, or another part whose elements lie side by side: the same memory."""
        key = list(index) if type(index) is tuple else [index]
        is_outside = False
        for axis, i in enumerate(key):
            if type(i) is not slice and not 0 <= i < self.shape[axis]:
                self.launch.find(
                    report.BOUNDS, line, f"line {line}: thread {self.launch.moment.label} takes "
                    f"part {i} of {self.name}, which does not exist: its axis {axis} has "
                    f"{self.shape[axis]}; guard the line with `if`",
                )  # fmt: skip
                key[axis], is_outside = 0, True
        view = self.data[tuple(key)]
        if is_outside:  # zeros, in place of what is not there
            zeros = np.zeros(view.shape, view.dtype)
            return WatchedArray(self.launch, self.name, zeros, "local", Shadow(), 0, False)
        if not view.flags.c_contiguous:
            raise KernelError(
                f"line {line}: only rows can be taken out of {self.name}; index its elements"
            )
        taken = object.__new__(WatchedArray)
        for slot in WatchedArray.__slots__:
            setattr(taken, slot, getattr(self, slot))
        taken._show(view)
        taken.start += (address_of(view) - address_of(self.data)) // self.itemsize
        return taken

    def element(self, at: int) -> tuple[int, ...]:
        """Return the index of element `at` of `flat`, in the array that the kernel was given."""
        if len(self.full_shape) == 1:
            return (at,)
        index = []
        for size in reversed(self.full_shape):
            at, i = divmod(at, size)
            index.append(i)
        return tuple(reversed(index))

    def element_name(self, at: int) -> str:
        """Return element `at` of `flat` as a kernel writes it: x[2, 3]."""
        return f"{self.name}[{', '.join(map(str, self.element(at)))}]"


def _as_int(index: Any, line: int) -> int:
    """Return an index as a Python integer, which never overflows."""
    if isinstance(index, bool | np.bool_) or not isinstance(index, int | np.integer):
        raise KernelError(
            f"line {line}: an index must be an integer; got {index!r}; write `//` for a quotient"
        )
    return int(index)


def address_of(data: np.ndarray) -> int:
    """Return the address of an array's first element."""
    return int(data.__array_interface__["data"][0])


def read(array: Any, index: Any, line: int) -> Any:
    """Return `array[index]` for the thread that runs; tuples and other arrays read themselves."""
    if type(array) is not WatchedArray:
        return array[index]
    at = array.locate(index, line)
    if at < 0:
        return array.part(index, line) if at == PART else array.dtype.type(0)
    launch, shadow, key = array.launch, array.shadow, array.base + at * array.itemsize
    moment = launch.moment
    launch.count_access(line)
    written = shadow.writes.get(key)
    if array.is_private and written is not None:
        if launch.trace is not None:
            launch.note("read", array, at, line)
        return array.flat[at]
    if written is None:
        if array.is_fresh:
            launch.read_unwritten(array, at, line)
    elif written.moment is not moment and are_unordered(written.moment, moment):
        launch.find_race(array, at, "writes", written, "reads", line)
    if key in shadow.promises:
        launch.find_unfinished_copy(array, at, shadow.promises[key], line)
    changed = first_unordered(shadow.atomics.get(key), moment)
    if changed is not None:
        launch.find_race(array, at, "changes atomically", changed, "reads", line)
    remember(shadow.reads, key, moment, line)
    if launch.trace is not None:
        launch.note("read", array, at, line)
    return array.flat[at]


def write(array: Any, index: Any, value: Any, line: int) -> None:
    """Set `array[index]` for the thread that runs."""
    if type(array) is not WatchedArray:
        array[index] = value
        return
    at = array.locate(index, line, "writes")
    if at == PART:
        raise KernelError(
            f"line {line}: a thread writes one element at a time; {array.name} has {array.ndim} "
            "axes; give an index for each, and loop over a row"
        )
    if at < 0:
        return
    if type(value) is WatchedArray:
        float(value)  # raises, as an element holds one number
    launch, shadow, key = array.launch, array.shadow, array.base + at * array.itemsize
    moment = launch.moment
    launch.count_access(line)
    if array.is_single and isinstance(value, float):  # np.float64 is one, np.float32 is not
        launch.find_double(array, at, line)
    if array.is_private:
        shadow.writes[key] = Touch(moment, line)
        array.flat[at] = value
        if launch.trace is not None:
            launch.note("write", array, at, line)
        return
    written = shadow.writes.get(key)
    if written is not None and are_unordered(written.moment, moment):
        is_same_value = array.flat[at] == value
        launch.find_race(array, at, "writes", written, "writes", line, is_same_value)
    for touches, did in ((shadow.reads, "reads"), (shadow.atomics, "changes atomically")):
        touch = first_unordered(touches.get(key), moment)
        if touch is not None:
            launch.find_race(array, at, did, touch, "writes", line)
            break
    shadow.writes[key] = Touch(moment, line)
    array.flat[at] = value
    if launch.trace is not None:
        launch.note("write", array, at, line)


def size_of(shape: Any) -> int:
    """Return the number of elements of a shape, which may be one number."""
    return int(math.prod(shape)) if isinstance(shape, tuple) else int(shape)

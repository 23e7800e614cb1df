"""Kernels for the self-test of exercises: stubs, and what no check may accept or wait for."""

import itertools
import linecache
import math
from collections.abc import Iterator
from typing import Any

from microgpt.interpreter import cuda, float32
from microgpt.learn.answer_stub import todo
from microgpt.learn.exercise import Exercise

# The body of each kernel; {out} and {x} are its first two parameters.
STUBS = {
    "a kernel of `...`": "...",
    "a kernel of `pass`": "pass",
    "a kernel that returns the stub": "return todo()",
    "a kernel that is not implemented": "raise NotImplementedError",
}
HOSTILE = {
    "a kernel that writes nothing": "i = cuda.grid(1)",
    "a kernel that returns its result": "return {x}",
    "a kernel that prints": "print({x})",
    "a kernel that raises": "raise ValueError('on purpose')",
    "a kernel that exits": "raise SystemExit",
    "a kernel with an unknown name": "i = unknown_name",
    "a kernel that calls what cuda has not": "cuda.no_such_function()",
    "a kernel that names the output anew": "{out} = {x}",
    "a kernel with a comprehension": "total = sum([1 for _ in range(3)])",
    "a kernel with a function inside": "def inner():\n        pass\n    inner()",
    "a kernel that catches errors": "try:\n        pass\n    except Exception:\n        pass",
    "a kernel with an endless loop": "while True:\n        pass",
    "a kernel whose first thread never ends": (
        "while cuda.grid(1) == 0:\n        i = cuda.threadIdx.x"
    ),
    "a kernel that divides by zero": "i = 1 // (cuda.threadIdx.x - cuda.threadIdx.x)",
    "a kernel that indexes with a float": "i = {x}.shape[0] / 2\n    {x}[i]",
    "a kernel in which half of a block waits": (
        "if cuda.threadIdx.x < 1:\n        cuda.syncthreads()"
    ),
}
ENDLESS_FOR = "for i in range(10**15):\n        pass"

_numbers = itertools.count()


def make_kernel(exercise: Exercise, body: str) -> Any:
    """Return a kernel with the parameters of an exercise's answer, as a cell makes it."""
    names = exercise.parameter_names
    text = body.replace("{out}", names[0]).replace("{x}", names[1])
    source = f"def {exercise.answer_name}({', '.join(names)}):\n    {text}\n"
    file = f"<kernel {next(_numbers)}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    namespace = {"cuda": cuda, "float32": float32, "math": math, "todo": todo}
    exec(compile(source, file, "exec"), namespace)
    return namespace[exercise.answer_name]


def stub_kernels(exercise: Exercise) -> dict[str, Any]:
    """Return kernels in which nothing is written yet, by name."""
    return {name: make_kernel(exercise, body) for name, body in STUBS.items()}


def hostile_kernels(exercise: Exercise) -> Iterator[tuple[str, Any]]:
    """Yield kernels that are wrong in any exercise, with their names."""
    for name, body in HOSTILE.items():
        yield name, make_kernel(exercise, body)
    index = ", ".join("0" * exercise.example.arguments[2].ndim) if exercise.example else "0"
    yield "a kernel that changes its input", make_kernel(exercise, "{x}[" + index + "] = 99")
    yield "a lambda", lambda *arrays: None
    yield "a kernel whose source is nowhere", _without_source(exercise)


def _without_source(exercise: Exercise) -> Any:
    names = ", ".join(exercise.parameter_names)
    namespace: dict[str, Any] = {}
    exec(f"def {exercise.answer_name}({names}):\n    pass\n", namespace)
    return namespace[exercise.answer_name]

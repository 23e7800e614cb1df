"""`inspect_kernel`: a compiled kernel of the back end `numba`, looked at in its machine code."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from microgpt import backends
from microgpt.backends.assembly.functions import SYNTAXES
from microgpt.backends.assembly.report import KernelReport, read_assembly
from microgpt.backends.processors import PROCESSORS, Processor
from microgpt.errors import BackendUnavailable, SettingError, StateError, closest
from microgpt.plain_text import join_or, text_table

_KERNELS = "microgpt.backends.numba_cpu.inspection.kernel_assembly"
_WORKER = "microgpt.backends.numba_cpu.inspection.worker"


def inspect_kernel(name: str, isa: str | None = None) -> KernelReport:
    """Report on a kernel's machine code: vector width, spills, scalar float operations, its loops.

    `name` is that of a launch ("gelu_forward"); attention's has its usual kernel behind it, and
    "self_attention_forward/kernel1_loops" names one of its files. `isa` is what to compile for:
    this processor (None), "avx2", "avx512" or "neon", whatever this machine has. It is compiled for
    arrays in float32, in a process of its own.

    Prints as a table; `KernelReport` defines what is counted, its `assembly` is the text. Raises
    SettingError for names and sets of instructions that are not there, StateError if another back
    end than `numba` is in use, BackendUnavailable if it or its compiler for `isa` is not installed.
    """
    return inspect_kernels([name], isa)[name]


def inspect_kernels(names: Sequence[str], isa: str | None = None) -> dict[str, KernelReport]:
    """Return the report of each kernel, as `inspect_kernel` does; one process compiles them all."""
    _check(names, isa)
    return dict(zip(names, _reports(tuple(names), isa), strict=True))


def compare_processors(names: Sequence[str], *isas: str) -> backends.Table:
    """Return a table of kernels, one a line, with figures for each isa.

    Innermost loops: the bits of their widest vectors, float instructions on vectors and on single
    numbers, spills + reloads; then spills + reloads in the loops around them.
    """
    reports = {isa: inspect_kernels(names, isa) for isa in isas}
    figures = ("bits", "vector", "scalar", "spills", "outer spills")
    rows = [("kernel", *(f"{isa} {figure}" for isa in isas for figure in figures))]
    for name in names:
        row = [name]
        for isa in isas:
            inner, loops = reports[isa][name].in_innermost, reports[isa][name].in_loops
            outer = f"{loops.spills - inner.spills} + {loops.reloads - inner.reloads}"
            row += map(str, (inner.vector_bits, inner.vector_ops, inner.scalar_ops))
            row += f"{inner.spills} + {inner.reloads}", outer
        rows.append(tuple(row))
    return backends.Table("\n".join(text_table(rows, align="lr")))


def _check(names: Sequence[str], isa: str | None) -> None:
    if isa is not None and isa not in PROCESSORS:
        raise SettingError("isa", "None", isa, choices=PROCESSORS)
    in_use = backends.current().name
    if in_use != "numba":
        raise StateError(
            f"inspect_kernel shows what the back end 'numba' compiles; {in_use!r} is in use: call "
            'it inside `with mg.using("numba"):`'
        )
    kernels = _kernel_assembly().compiled_kernels()
    for name in names:
        if name not in kernels:
            raise SettingError("name", "a compiled kernel's", name, _near(name, kernels))


def _near(name: Any, kernels: dict[str, Any]) -> str:
    """What to write in place of a name that no compiled kernel has."""
    if name in backends.get("numba").kernels:
        return "this one runs on NumPy, whose code is not compiled here"
    named = [kernel for kernel in kernels if isinstance(name, str) and kernel.startswith(name)]
    nearest = join_or(map(repr, named[:3])) or repr(closest(name, kernels) or "gelu_forward")
    return f'write {nearest}; `mg.backends.get("numba").kernels` has all names'


def _kernel_assembly() -> Any:
    return importlib.import_module(_KERNELS)


@cache
def _reports(names: tuple[str, ...], isa: str | None) -> list[KernelReport]:
    processor = None if isa is None else PROCESSORS[isa]
    reply = _compile({"processor": processor, "names": names})
    used = Processor(*reply["processor"])
    if used.architecture not in SYNTAXES:
        raise BackendUnavailable(
            f"the assembly of {used.architecture} cannot be read, only that of "
            f"{' and '.join(SYNTAXES)}; name another processor by `isa`"
        )
    return [
        read_assembly(texts, used.architecture, name, used.name)
        for name, texts in reply["assembly"].items()
    ]


def _compile(request: dict[str, Any]) -> dict[str, Any]:
    """The worker's answer to a request."""
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
    process = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-m", _WORKER],
        input=json.dumps(request), env=os.environ | {"PYTHONPATH": path},
        capture_output=True, encoding="utf-8",
    )  # fmt: skip
    if process.returncode:
        last_line = process.stderr.strip().rpartition("\n")[2]
        raise StateError(f"the process that compiles kernels to be looked at failed: {last_line}")
    reply = json.loads(process.stdout)
    if "error" in reply:
        raise BackendUnavailable(reply["error"])
    return reply

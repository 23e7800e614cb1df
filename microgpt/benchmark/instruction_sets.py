"""Limits this package and its peers to the same SIMD instructions, and checks that each obeys.

Each library has its own switch, which it reads when it is loaded. What it then uses is asked of it
in its worker: a switch that a later version ignores would make the comparison unfair unnoticed.
"""

from collections.abc import Mapping
from importlib import import_module

from microgpt.backends.processors import AVX2, AVX512, PROCESSORS
from microgpt.benchmark.machine_info import simd_extension
from microgpt.config.checks import check_choice
from microgpt.errors import SettingError

NATIVE = "native"
INSTRUCTION_SETS = (NATIVE, AVX2, AVX512)
TITLES = {NATIVE: "all instructions of this machine", AVX2: "AVX2", AVX512: "AVX-512"}
OF_MACHINE = {"AVX-512": (AVX2, AVX512), "AVX2": (AVX2,)}  # what `simd_extension` allows

_OPENBLAS_PROCESSORS = {AVX2: "Haswell", AVX512: "SkylakeX"}


def check_instruction_set(name: str) -> None:
    """Raise SettingError unless this machine has the instruction set, or all may be used."""
    check_choice("isa", name, INSTRUCTION_SETS)
    available = OF_MACHINE.get(simd_extension(), ())
    if name != NATIVE and name not in available:
        raise SettingError(
            "isa", f"one that this machine has: {', '.join((NATIVE, *available))}", name
        )


def limiting_variables(name: str, library: str) -> dict[str, str]:
    """Return the environment variables that limit a worker's libraries; {} for `NATIVE`."""
    if name == NATIVE:
        return {}
    if library == "jax":
        return {"XLA_FLAGS": f"--xla_cpu_max_isa={name.upper()}"}
    if library == "torch":
        return {
            "ATEN_CPU_CAPABILITY": name,
            "MKL_ENABLE_INSTRUCTIONS": name.upper(),
            "ONEDNN_MAX_CPU_ISA": {AVX2: "AVX2", AVX512: "AVX512_CORE"}[name],
            "TORCHINDUCTOR_CPP_MARCH": PROCESSORS[name].name,  # for the compiler's gcc
        }
    variables = {
        "NUMBA_CPU_NAME": PROCESSORS[name].name,
        "NUMBA_CPU_FEATURES": PROCESSORS[name].features,
        "OPENBLAS_CORETYPE": _OPENBLAS_PROCESSORS[name],
    }
    if name == AVX2:
        variables["NPY_DISABLE_CPU_FEATURES"] = " ".join(numpy_features_beyond_avx2())
    return variables


def numpy_features_beyond_avx2() -> list[str]:
    """Return NumPy's names of the groups of instructions beyond AVX2 that it has code for."""
    names = import_module("numpy._core._multiarray_umath").__cpu_dispatch__
    return [name for name in names if name.startswith(("AVX512", "X86_V4"))]


def disobedience(name: str, used: Mapping[str, str]) -> str:
    """Return a sentence about the libraries that use other instructions; "" if none does.

    `used` maps each library that a worker asked to the instruction set that it uses.
    """
    others = [
        f"{library} uses {TITLES.get(found, found)}"
        for library, found in used.items()
        if found != name
    ]
    return (
        ""
        if name == NATIVE or not others
        else f"limited to {TITLES[name]}, but {', '.join(others)}"
    )

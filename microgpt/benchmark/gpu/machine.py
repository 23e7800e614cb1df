"""What is here: the GPU, its driver, the compiler, versions, and what else the machine does."""

import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib import metadata

from microgpt import __version__, backends
from microgpt.backends.numba_cuda._device import compiler_name
from microgpt.benchmark.gpu.rows import NOTE, Row
from microgpt.benchmark.machine_info import cpu_name, load_average, num_cores

DISTRIBUTIONS = (
    *("numpy", "numba", "llvmlite", "numba-cuda", "numba-cuda-mlir", "cuda-bindings"),
    *("cuda-core", "cuda-toolkit", "nvmath-python", "torch", "triton"),
)
QUERY = (
    *("name", "driver_version", "memory.total", "memory.used", "clocks.max.sm", "clocks.max.mem"),
    *("clocks.sm", "clocks.mem", "power.limit", "temperature.gpu", "utilization.gpu"),
)


def rows(is_emulated: bool) -> Iterator[Row]:
    """Yield what the speed of kernels depends on."""
    driver = backends.get("cuda").driver  # type: ignore[attr-defined]
    capability = None if is_emulated else getattr(driver, "cc", None)
    in_words = "" if capability is None else f", compute capability {capability[0]}.{capability[1]}"
    yield Row("device", NOTE, f"{driver.name}{in_words}")
    yield Row("compiler", NOTE, "the interpreter" if is_emulated else compiler_name())
    for name, text in _nvidia_smi():
        yield Row(name, NOTE, text)
    for name in DISTRIBUTIONS:
        yield Row(name, NOTE, _version(name))
    yield Row("microgpt", NOTE, __version__)
    yield Row("Python", NOTE, platform.python_version())
    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    yield Row("processor", NOTE, f"{cpu_name()}, {num_cores()} cores, {system}")
    load = load_average()
    yield Row("load average", NOTE, "not known" if load is None else f"{load:.2f}")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _nvidia_smi() -> Iterator[tuple[str, str]]:
    """Yield (property, its value) as NVIDIA's tool gives them for the first GPU."""
    program = shutil.which("nvidia-smi")
    if program is None:
        yield "nvidia-smi", "not installed"
        return
    command = [program, "--id=0", f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=15, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        yield "nvidia-smi", f"failed: {error}"
        return
    yield from zip(QUERY, map(str.strip, run.stdout.strip().split(",")), strict=False)

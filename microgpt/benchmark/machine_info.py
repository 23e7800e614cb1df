"""The machine that numbers come from: they mean little without it."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from microgpt import __version__

FEATURES = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}  # widest first


def describe() -> dict[str, Any]:
    """Processor, cores, memory, system, versions and the time, as JSON takes them."""
    memory = total_memory()
    return {
        "processor": processor(),
        "vectors": vectors(),
        "cores": cores(),
        "memory_gib": None if memory is None else round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} on {platform.machine()}",
        "python": platform.python_version(),
        "microgpt": __version__,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def cores() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """The processor's name, as the system gives it."""
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
        if said.stdout.strip():
            return said.stdout.strip()
    return platform.processor() or platform.machine()


def vectors() -> str:
    """The widest vector instructions, where the system lists them."""
    for line in _lines("/proc/cpuinfo"):
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return next((FEATURES[flag] for flag in FEATURES if flag in flags.split()), "")
    return ""


def total_memory() -> int | None:
    """The machine's memory in bytes, where the system says it."""
    return _pages("SC_PHYS_PAGES")


def free_memory() -> int | None:
    """The memory that programs could still be given, in bytes."""
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return _pages("SC_AVPHYS_PAGES")


def load() -> float | None:
    """How many processes wanted a core over the last minute, on average."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):  # not on Windows
        return None


def _pages(name: str) -> int | None:
    try:
        return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []

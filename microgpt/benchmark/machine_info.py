"""Describe the machine that a benchmark runs on."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from microgpt import __version__
from microgpt._io.memory import total_memory

# CPU flags -> SIMD extensions, widest first.
SIMD_FLAGS = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}


def machine_info() -> dict[str, Any]:
    """Return CPU, cores, memory, system, versions and the time, as JSON-serialisable values."""
    return {
        "cpu": cpu_name(),
        "simd": simd_extension(),
        "cores": num_cores(),
        "memory_gib": round(total_memory() / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} on {platform.machine()}",
        "python": platform.python_version(),
        "microgpt": __version__,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def num_cores() -> int:
    """Return the number of CPU cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name() -> str:
    """Return the CPU's model name, which neither `platform` nor psutil gives on Linux."""
    for line in _cpuinfo_lines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
        if run.stdout.strip():
            return run.stdout.strip()
    return platform.processor() or platform.machine()


def simd_extension() -> str:
    """Return the widest SIMD extension; "" unless /proc/cpuinfo lists the CPU's flags."""
    for line in _cpuinfo_lines():
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return next((SIMD_FLAGS[flag] for flag in SIMD_FLAGS if flag in flags.split()), "")
    return ""


def load_average() -> float | None:
    """Return the load average (runnable processes) of the last minute; None on Windows."""
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return None


def _cpuinfo_lines() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return []

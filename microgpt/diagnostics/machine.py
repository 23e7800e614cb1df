"""What Python, the libraries and the machine offer, in plain words."""

import contextlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from microgpt import backends
from microgpt._io.paths import cache_dir
from microgpt.diagnostics.report import Finding
from microgpt.diagnostics.versions import installed_version, minimum_versions, numbers

WARM_UP = "`microgpt warmup` compiles them (half a minute, once)"
# Library -> what it means that it is not there.
LIBRARIES = {
    "numpy": "nothing runs",
    "jupyterlab": "notebooks open in other programs only",
    "ipykernel": "notebooks cannot run in this Python",
    "ipywidgets": "sliders and buttons in notebooks do not appear",
}


class Asked:
    """A program's answer, given while other things are looked at; None if none came in time."""

    def __init__(self, *command: str | Path):
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        self.process: subprocess.Popen[str] | None = None
        with contextlib.suppress(OSError):  # it is not there
            self.process = subprocess.Popen(
                command, stdin=null, stdout=pipe, stderr=null, text=True, errors="replace"
            )

    def answer(self, seconds: float) -> str | None:
        """What it printed, if it ended well."""
        if self.process is None:
            return None
        try:
            said, _ = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # a stuck driver keeps it
                self.process.communicate(timeout=1)
            return None
        return said.strip() if self.process.returncode == 0 else None


def ask_for_threads() -> Asked:
    """Start a Python that loads numba and its threads; this session does neither."""
    program = Path(backends.__file__).parent / "numba_cpu" / "jit" / "threads.py"
    return Asked(sys.executable or "python", "-P", program)


def ask_for_gpus() -> Asked:
    """Start NVIDIA's own program that lists its GPUs."""
    program = shutil.which("nvidia-smi") or "nvidia-smi"
    return Asked(
        program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"
    )


def python() -> Finding:
    """Which Python runs. Without its path: cards are handed in, and a path may name its owner."""
    system = f"{platform.system()} on {platform.machine()}, {os.cpu_count()} processor cores"
    text = f"{platform.python_version()} of the environment {Path(sys.prefix).name!r}; {system}"
    return Finding("Python", "ok", text)


def libraries() -> Iterator[Finding]:
    """NumPy and what notebooks need: installed, and new enough?"""
    minimum = minimum_versions()
    for name, without in LIBRARIES.items():
        version, oldest = installed_version(name), minimum.get(name, "0")
        if version is None:
            state, text = "note", f"not installed, so {without}"
        elif numbers(version) < numbers(oldest):
            state, text = "problem", f"{version}, and {oldest} or newer is needed"
        else:
            yield Finding(name, "ok", version)
            continue
        yield Finding(name, state, text, f'`pip install -U "{name}>={oldest}"`')


def compiler(asked: Asked) -> Finding:
    """Whether numba is there, can be loaded, and which threads it starts."""
    version, said = installed_version("numba"), asked.answer(30)
    if not backends.available("numba"):
        return Finding(
            "numba", "note", "not installed, so everything runs on NumPy", "`pip install numba`"
        )
    if not said:
        return Finding(
            "numba",
            "problem",
            f"{version} is installed and cannot be loaded",
            "`pip install -U numba numpy`; until then `MICROGPT_BACKEND=numpy` works",
        )
    for line in said.splitlines():  # the threads' own library may print as well
        with contextlib.suppress(ValueError, TypeError, LookupError):
            threads = json.loads(line)
            text = f"{version}, {threads['threads']} threads by {threads['layer']!r}"
            return Finding("numba", "ok", text)
    return Finding("numba", "ok", f"{version}; its threads are not known")


def kernels() -> Iterator[Finding]:
    """Which back end is in use, and whether the compiled kernels are there."""
    chosen = backends.chosen()
    if chosen is not None and not backends.available(chosen):
        yield Finding(
            "back end",
            "problem",
            f"MICROGPT_BACKEND is {chosen!r}, which cannot be used here",
            "set it to 'numpy' or 'numba', or not at all",
        )
    elif chosen is None:
        default = "numba" if backends.available("numba") else "numpy"
        yield Finding("back end", "ok", f"{default!r}, as nothing else was chosen")
    else:
        yield Finding("back end", "ok", f"{chosen!r} in this session")
    if backends.kernels_ready():
        yield Finding("fast kernels", "ok", "compiled")
    elif backends.available("numba"):
        yield Finding("fast kernels", "note", "not compiled yet", WARM_UP)


def gpus(asked: Asked) -> Finding:
    """Which NVIDIA GPUs there are, and what that means here."""
    said = asked.answer(5)
    if not said:
        return Finding("GPU", "ok", "no NVIDIA GPU found, and none is needed")
    names = []
    for line in said.splitlines():
        name, memory, driver = [*(part.strip() for part in line.split(",")), "", ""][:3]
        size = f"{int(memory) / 1024:.0f} GiB, " if memory.isdigit() else ""
        names.append(f"{name} ({size}driver {driver})")
    return Finding(
        "GPU",
        "ok",
        f"{'; '.join(names)}. This version has no kernels for it: everything runs on the processor",
    )


def cache() -> Finding:
    """Whether downloads and compiled kernels can be kept."""
    folder = cache_dir()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Finding("cache", "ok", "downloads and compiled kernels can be kept")
    except OSError as error:
        return Finding(
            "cache",
            "problem",
            f"{folder} cannot be written ({error.strerror})",
            "set MICROGPT_CACHE to a folder you can write to",
        )

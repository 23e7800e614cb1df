"""Check Python, its libraries, the compiled kernels, the GPU, its compiler and the cache folder."""

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
from microgpt.diagnostics.versions import installed_version, minimum_versions, parse_version
from microgpt.errors import BackendUnavailable, SettingError

WARMUP_ADVICE = "`microgpt warmup` compiles them (half a minute, once)"
# Library -> the consequence if it is missing.
CONSEQUENCES = {
    "numpy": "nothing runs",
    "jupyterlab": "notebooks open in other programs only",
    "ipykernel": "notebooks cannot run in this Python",
    "ipywidgets": "sliders and buttons in notebooks do not appear",
}


class BackgroundCommand:
    """A command that runs in the background of other checks."""

    def __init__(self, *command: str | Path):
        pipe, null = subprocess.PIPE, subprocess.DEVNULL
        self.process: subprocess.Popen[str] | None = None
        with contextlib.suppress(OSError):  # no such program
            self.process = subprocess.Popen(
                command, stdin=null, stdout=pipe, stderr=null, text=True, errors="replace"
            )

    def output(self, timeout: float) -> str | None:
        """Return its output; None if it failed, is missing, or takes over `timeout` seconds."""
        if self.process is None:
            return None
        try:
            output, _ = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # a stuck driver keeps it alive
                self.process.communicate(timeout=1)
            return None
        return output.strip() if self.process.returncode == 0 else None


def start_threads_probe() -> BackgroundCommand:
    """Start a Python process that loads numba and counts its threads, to not load them here."""
    program = Path(backends.__file__).parent / "numba_cpu" / "jit" / "threads.py"
    return BackgroundCommand(sys.executable or "python", "-P", program)


def start_nvidia_smi() -> BackgroundCommand:
    """Start nvidia-smi, which lists NVIDIA GPUs."""
    program = shutil.which("nvidia-smi") or "nvidia-smi"
    return BackgroundCommand(
        program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"
    )


def python_finding() -> Finding:
    """Return the version of Python; not its path, since reports are shared and paths name users."""
    system = f"{platform.system()} on {platform.machine()}, {os.cpu_count()} processor cores"
    text = f"{platform.python_version()} of the environment {Path(sys.prefix).name!r}; {system}"
    return Finding("Python", "ok", text)


def library_findings() -> Iterator[Finding]:
    """Yield findings on whether NumPy and the notebooks' libraries are installed and recent."""
    minimum_version = minimum_versions()
    for name, consequence in CONSEQUENCES.items():
        version, minimum = installed_version(name), minimum_version.get(name, "0")
        if version is None:
            state, text = "note", f"not installed, so {consequence}"
        elif parse_version(version) < parse_version(minimum):
            state, text = "problem", f"{version}, and {minimum} or newer is needed"
        else:
            yield Finding(name, "ok", version)
            continue
        yield Finding(name, state, text, f'`pip install -U "{name}>={minimum}"`')


def numba_finding(command: BackgroundCommand) -> Finding:
    """Return whether numba is installed and can be loaded, and its number of threads."""
    version, output = installed_version("numba"), command.output(30)
    if not backends.available("numba"):
        return Finding(
            "numba", "note", "not installed, so everything runs on NumPy", "`pip install numba`"
        )
    if not output:
        return Finding(
            "numba",
            "problem",
            f"{version} is installed and cannot be loaded",
            "`pip install -U numba numpy`; until then `MICROGPT_BACKEND=numpy` works",
        )
    for line in output.splitlines():  # the threading library may print lines of its own
        with contextlib.suppress(ValueError, TypeError, LookupError):
            threads = json.loads(line)
            if "error" in threads:
                return Finding("numba", "problem", f"{version}, but {threads['error']}")
            text = f"{version}, {threads['threads']} threads by {threads['layer']!r}"
            if threads.get("limits"):
                return Finding("numba", "note", f"{text}. {threads['limits']}", threads["advice"])
            return Finding("numba", "ok", text)
    return Finding("numba", "ok", f"{version}; its threads are not known")


def kernel_findings() -> Iterator[Finding]:
    """Yield which back end is in use, and whether the kernels are compiled."""
    selected = backends.selected_name()
    if selected is not None and (reason := _why_unusable(selected)):
        yield Finding(
            "back end",
            "problem",
            f"MICROGPT_BACKEND is {selected!r}, which cannot be used here ({reason})",
            "set it to 'numpy' or 'numba', or not at all",
        )
    elif selected is None:
        default = backends.default_name()
        yield Finding("back end", "ok", f"{default!r}, as nothing else was chosen")
    else:
        yield Finding("back end", "ok", f"{selected!r} in this session")
    if damaged := backends.damaged_kernels():
        yield Finding(
            "fast kernels",
            "problem",
            f"{len(damaged)} of their files are damaged, such as {damaged[0].name}",
            "`microgpt warmup` compiles them again; a run that needs one does as well",
        )
    elif backends.kernels_compiled():
        yield Finding("fast kernels", "ok", "compiled")
    elif backends.available("numba"):
        yield Finding("fast kernels", "note", "not compiled yet", WARMUP_ADVICE)


def _why_unusable(name: str) -> str:
    """Return why a back end cannot be used here; "" if it can."""
    try:
        backends.check_available(name)
    except (BackendUnavailable, SettingError) as error:
        return str(error)
    return ""


def gpu_finding(command: BackgroundCommand) -> Finding:
    """Return what the back end "cuda" runs on, or needs; nvidia-smi only names the GPUs."""
    from microgpt.backends import numba_cuda

    names = _gpu_names(command.output(5) or "")
    cuda = f"{'; '.join(names)}. The back end 'cuda'" if names else "the back end 'cuda'"
    try:
        is_emulated, missing = numba_cuda.is_emulated(), numba_cuda.what_is_missing()
    except SettingError as error:
        return Finding("GPU", "problem", f"{cuda} cannot be used: {error}")
    if is_emulated:
        text = f"{cuda} runs on the emulated device, as {numba_cuda.DRIVER_VARIABLE} says"
        return Finding("GPU", "note", text)
    if missing is None:
        device = "the first of them" if len(names) > 1 else "it" if names else "a GPU of NVIDIA"
        return Finding("GPU", "ok", f"{cuda} runs on {device}")
    if not names and missing.part == numba_cuda.NVIDIA_DRIVER:
        text = "no driver of NVIDIA is installed, and none is needed without a GPU"
        return Finding("GPU", "ok", text)
    if not names and missing.part == numba_cuda.NVIDIA_GPU:
        return Finding("GPU", "ok", "NVIDIA's driver finds no GPU, and none is needed")
    return Finding("GPU", "note", f"{cuda} {missing}")


def _gpu_names(output: str) -> list[str]:
    """Return the GPUs that nvidia-smi lists, each with its memory and driver."""
    names = []
    for line in output.splitlines():
        name, memory, driver = [*(part.strip() for part in line.split(",")), "", ""][:3]
        size = f"{int(memory) / 1024:.0f} GiB, " if memory.isdigit() else ""
        names.append(f"{name} ({size}driver {driver})")
    return names


def gpu_compiler_finding() -> Finding:
    """Return which compiler for GPUs is selected, and whether it is installed."""
    from microgpt.backends.numba_cuda import _device

    try:
        name = _device.compiler_name()
    except SettingError as error:
        return Finding("GPU compiler", "problem", str(error))
    if not _device.is_installed(name):
        text = f"no {_device.DISTRIBUTIONS[name]}, and none is needed without a GPU"
        return Finding("GPU compiler", "ok", text, f"`{_device.INSTALL}` brings it")
    version = installed_version(_device.DISTRIBUTIONS[name])
    return Finding("GPU compiler", "ok", f"{_device.DISTRIBUTIONS[name]} {version}")


def cache_finding() -> Finding:
    """Return whether the cache folder for downloads and compiled kernels is writable."""
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

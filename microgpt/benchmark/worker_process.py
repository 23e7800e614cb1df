"""`WorkerProcess`: a process with a clean environment that answers commands in lines of JSON."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from microgpt.benchmark import peers
from microgpt.benchmark.implementations import Implementation
from microgpt.benchmark.instruction_sets import NATIVE, limiting_variables
from microgpt.errors import BackendUnavailable, MicrogptError

# Environment variables that affect a library's speed; workers get only their implementation's.
CLEARED_PREFIXES = (
    "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "VECLIB_", "NUMEXPR_",
    "NUMBA_", "NPY_", "ONEDNN_", "DNNL_", "XLA_", "JAX_", "PJRT_", "TF_", "TORCH", "PYTORCH_",
    "ATEN_", "MALLOC_", "GLIBC_", "LD_PRELOAD", "CUDA_", "PYTHON", "NPROC",
    "MICROGPT_BACKEND", "MICROGPT_DEBUG", "MICROGPT_POISON",
)  # fmt: skip
PEERS = Path(peers.__file__).parent
PACKAGE = Path(__file__).parent.parent.parent
ANSWER_TIMEOUT = 1200  # seconds; compiling a large model takes minutes


class WorkerFailed(MicrogptError):
    """A worker gave no result; the message says why."""


def worker_environment(
    implementation: Implementation, cores: int, isa: str = NATIVE
) -> dict[str, str]:
    """Return this process's environment without CLEARED_PREFIXES, with the implementation's own.

    Its libraries are limited to the instruction set `isa`.
    """
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith(CLEARED_PREFIXES)
    }
    if not implementation.library:
        environment["PYTHONPATH"] = str(PACKAGE)  # so that it need not be installed
    if 0 < implementation.threads < cores:
        threads = str(implementation.threads)
        for library in ("NUMBA", "OMP", "MKL", "OPENBLAS", "VECLIB"):
            suffix = "MAXIMUM_THREADS" if library == "VECLIB" else "NUM_THREADS"
            environment[f"{library}_{suffix}"] = threads
    if implementation.library == "jax":
        environment |= {"JAX_PLATFORMS": "cpu", "NPROC": str(implementation.threads)}
        if implementation.threads == 1:
            environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if implementation.library == "torch":
        environment |= {
            "CUDA_VISIBLE_DEVICES": "",
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_VERBOSITY": "error",
        }
    for name, text in limiting_variables(isa, implementation.library).items():
        environment[name] = f"{environment[name]} {text}" if name in environment else text
    return environment


def worker_command(implementation: Implementation, peer_python: str) -> list[str]:
    """Return the command line of the implementation's worker."""
    if implementation.library:
        return [peer_python, str(PEERS / f"{implementation.library}_peer.py")]
    return [sys.executable, "-P", "-m", "microgpt.benchmark.ours.worker"]


class WorkerProcess:
    """A worker process; leaving the `with` block kills it, even in the middle of a call."""

    def __init__(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        log: Path,
        timeout: float = ANSWER_TIMEOUT,
    ):
        self.timeout, self.log, self.responsive = timeout, log, True
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.start_time = time.perf_counter()
        with open(log, "wb") as stderr:
            try:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                    env=environment, text=True, encoding="utf-8",
                )  # fmt: skip
            except OSError as error:
                raise WorkerFailed(f"{command[0]} cannot be started: {error.strerror}") from None
        self._reader = threading.Thread(target=self._read_answers, daemon=True)
        self._reader.start()

    def _read_answers(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._answers.put(line)
        self._answers.put("")  # end of output: the process has ended

    def call(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a command and return its answer.

        Raises WorkerFailed if the answer is an error, the process ends, or it times out.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"command": command, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self._answers.get(timeout=self.timeout)
        except (BrokenPipeError, queue.Empty):
            self.responsive = False
            if self.process.poll() is None:
                raise WorkerFailed(
                    f"it gave no answer within {self.timeout:,.0f} seconds"
                ) from None
            line = ""
        if not line:
            self.responsive = False
            status = self.process.wait()
            how = f"by signal {-status}" if status < 0 else f"with status {status}"
            raise WorkerFailed(f"its process ended {how}{self._last_stderr_line()}")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerFailed(answer["error"])
        return answer

    def _last_stderr_line(self) -> str:
        lines = self.log.read_text("utf-8", errors="replace").strip().splitlines()
        return f": {lines[-1].strip()[:300]}" if lines else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Kill the process, even in the middle of a call; a second call does nothing."""
        self.process.kill()
        self.process.wait()
        self._reader.join()  # ends, since the process has closed its output
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def library_versions(python: str, libraries: Sequence[str]) -> dict[str, str]:
    """Return the libraries' versions in that Python; raise BackendUnavailable if one is missing."""
    code = (
        "import json, sys\nfrom importlib import metadata\nfound = {}\nfor name in sys.argv[1:]:\n"
        "    try:\n        found[name] = metadata.version(name)\n"
        "    except metadata.PackageNotFoundError:\n        pass\nprint(json.dumps(found))"
    )
    try:
        output = subprocess.run(
            [python, "-I", "-c", code, *libraries],
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip
        versions = json.loads(output)
    except (OSError, subprocess.SubprocessError, ValueError):
        raise BackendUnavailable(
            f"{python} is not a Python that can be started",
            "name the one that the peers are installed for with {peer_python}",
        ) from None
    for library in libraries:
        if library not in versions:
            raise BackendUnavailable(
                f"{library} is not installed for {python}",
                (
                    f"run `{python} -m pip install {library}`",
                    "name a Python that has it with {peer_python}",
                ),
            )
    return versions

"""A contender's process: started in a clean environment, asked line by line, always ended."""

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
from types import TracebackType
from typing import Any

from microgpt.benchmark import peers
from microgpt.benchmark.implementations import Contender
from microgpt.errors import BackendUnavailable, MicrogptError

# Settings that would change how fast somebody is; a contender gets those it sets, and no others.
PREFIXES = (
    "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "VECLIB_", "NUMEXPR_",
    "NUMBA_", "XLA_", "JAX_", "PJRT_", "TF_", "TORCH", "PYTORCH_", "ATEN_", "MALLOC_", "GLIBC_",
    "LD_PRELOAD", "CUDA_", "PYTHON", "NPROC", "MICROGPT_BACKEND", "MICROGPT_DEBUG",
    "MICROGPT_POISON",
)  # fmt: skip
PEERS = Path(peers.__file__).parent
PACKAGE = Path(__file__).parent.parent.parent
PATIENCE = 1200  # seconds for one answer: compiling a large model takes minutes


class Failed(MicrogptError):
    """A contender that cannot go on; the text says why."""


def environment(contender: Contender, cores: int) -> dict[str, str]:
    """This process's environment without what others have set, and with what the contender sets."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith(PREFIXES)}
    if not contender.library:
        clean["PYTHONPATH"] = str(PACKAGE)  # this package, installed or not
    if 0 < contender.threads < cores:
        count = str(contender.threads)
        for library in ("NUMBA", "OMP", "MKL", "OPENBLAS", "VECLIB"):
            suffix = "MAXIMUM_THREADS" if library == "VECLIB" else "NUM_THREADS"
            clean[f"{library}_{suffix}"] = count
    if contender.library == "jax":
        clean |= {"JAX_PLATFORMS": "cpu", "NPROC": str(contender.threads)}
        if contender.threads == 1:
            clean["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if contender.library == "torch":
        clean |= {
            "CUDA_VISIBLE_DEVICES": "",
            "HF_HUB_OFFLINE": "1",
            "TRANSFORMERS_VERBOSITY": "error",
        }
    return clean  # fmt: skip


def command(contender: Contender, peer_python: str) -> list[str]:
    """The program that does the contender's works."""
    if contender.library:
        return [peer_python, str(PEERS / f"{contender.library}_peer.py")]
    return [sys.executable, "-P", "-m", "microgpt.benchmark.ours.worker"]


class Process:
    """A started contender. Leaving the `with` block ends it, whatever it is doing."""

    def __init__(
        self, words: Sequence[str], clean: dict[str, str], log: Path, patience: float = PATIENCE
    ):
        self.patience, self.log, self.answers = patience, log, True
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.begun = time.perf_counter()
        with open(log, "wb") as said:
            try:
                self.child = subprocess.Popen(
                    words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, env=clean,
                    text=True, encoding="utf-8",
                )  # fmt: skip
            except OSError as error:
                raise Failed(f"{words[0]} cannot be started: {error.strerror}") from None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.child.stdout is not None
        for line in self.child.stdout:
            self.lines.put(line)
        self.lines.put("")

    def ask(self, **request: Any) -> dict[str, Any]:
        """The answer to one request; Failed if there is none, or it says what went wrong."""
        assert self.child.stdin is not None
        try:
            self.child.stdin.write(json.dumps(request) + "\n")
            self.child.stdin.flush()
            line = self.lines.get(timeout=self.patience)
        except (BrokenPipeError, queue.Empty):
            line = "" if self.child.poll() is not None else "late"
        self.answers = line not in ("late", "")
        if line == "late":
            raise Failed(f"it gave no answer within {self.patience:,.0f} seconds")
        if not line:
            status = self.child.wait()
            how = f"by signal {-status}" if status < 0 else f"with status {status}"
            raise Failed(f"its process ended {how}{self._last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def _last_words(self) -> str:
        said = self.log.read_text("utf-8", errors="replace").strip().splitlines()
        return f": {said[-1].strip()[:300]}" if said else ""

    def __enter__(self) -> "Process":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """Stop the process, whatever it is doing; a second time does nothing."""
        self.child.kill()
        self.child.wait()
        self.reader.join()  # what it reads has ended with the process
        for stream in (self.child.stdin, self.child.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()


def library_versions(python: str, libraries: Sequence[str]) -> dict[str, str]:
    """The libraries' versions in that Python; an error that says how to install what lacks."""
    code = (
        "import json, sys\nfrom importlib import metadata\nfound = {}\nfor name in sys.argv[1:]:\n"
        "    try:\n        found[name] = metadata.version(name)\n"
        "    except metadata.PackageNotFoundError:\n        pass\nprint(json.dumps(found))"
    )
    try:
        said = subprocess.run(
            [python, "-I", "-c", code, *libraries],
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip
        found = json.loads(said)
    except (OSError, subprocess.SubprocessError, ValueError):
        raise BackendUnavailable(
            f"{python} is not a Python that can be started; --peer-python names the one that the "
            "peers are installed for"
        ) from None
    for library in libraries:
        if library not in found:
            raise BackendUnavailable(
                f"{library} is not installed for {python}; run `{python} -m pip install "
                f"{library}`, or name a Python that has it with --peer-python"
            )
    return found

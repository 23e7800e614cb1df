"""PyTorch in a process beside ours, on the same GPU."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from microgpt.benchmark.gpu.timing import Contender
from microgpt.benchmark.worker_process import PEERS, WorkerProcess

SECONDS = 150.0  # for one answer; compiling a model takes a minute


def is_torch_installed() -> bool:
    """Whether this Python has PyTorch; nothing is imported."""
    return importlib.util.find_spec("torch") is not None


@contextmanager
def torch_process() -> Iterator[WorkerProcess]:
    """Start PyTorch's worker; its process ends with the block."""
    command = [sys.executable, "-P", str(PEERS / "torch_peer.py")]
    environment = {key: text for key, text in os.environ.items() if key != "CUDA_VISIBLE_DEVICES"}
    environment |= {"PYTHONPATH": os.pathsep.join([str(PEERS), os.environ.get("PYTHONPATH", "")])}
    with tempfile.TemporaryDirectory(prefix="microgpt-torch-") as folder:
        log = Path(folder) / "torch.log"
        with WorkerProcess(command, environment, log, SECONDS) as worker:
            yield worker


def torch_contender(worker: WorkerProcess, name: str, task: dict[str, Any]) -> Contender:
    """Let a worker prepare a task on the GPU, in place of its last one; return it, warm.

    Raises WorkerFailed if it cannot do it.
    """
    answer = worker.call("prepare", task={"threads": 0, "device": "cuda", **task})

    def block(seconds: float) -> list[float]:
        return worker.call("block", seconds=seconds)["seconds"]

    return Contender(name, task["precision"], block, answer["count"])

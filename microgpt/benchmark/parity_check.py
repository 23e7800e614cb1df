"""Check that the peers compute the same losses as this package from the same weights."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from microgpt.benchmark.implementations import Implementation
from microgpt.benchmark.machine_info import num_cores
from microgpt.benchmark.worker_process import WorkerProcess, worker_command, worker_environment
from microgpt.benchmark.workload_inputs import parity_tasks

RELATIVE_TOLERANCE = 1e-4  # of the loss
STEPS = 16
# The variants of each library that compute differently; compiling and padding change no numbers.
VARIANTS: dict[str, dict[str, dict[str, Any]]] = {
    "torch": {"torch": {}},
    "jax": {"jax": {}, "jax, flat": {"flat": True}, "jax, scan": {"flat": True, "scan": True}},
}


def compare_losses(
    libraries: tuple[str, ...], peer_python: str
) -> Iterator[tuple[str, float, float]]:
    """Yield (label, our loss, the peer's) for each variant and model, before and after training."""
    ours = Implementation("replayed", "ours", 0, {"engine": "tensor", "backend": "numpy"})
    peers = [
        Implementation(variant, variant, 0, options, library)
        for library in libraries
        for variant, options in VARIANTS[library].items()
    ]
    with tempfile.TemporaryDirectory(prefix="microgpt-bench-") as name:
        folder = Path(name)
        for model, request in parity_tasks(folder):
            our_losses = _losses(ours, request, peer_python, folder)
            for peer in peers:
                losses = _losses(peer, request, peer_python, folder)
                label = f"{peer.name} on a small {model}"
                yield label, our_losses[0], losses[0]
                yield f"{label}, {STEPS} steps later", our_losses[1], losses[1]


def _losses(
    implementation: Implementation, request: dict, peer_python: str, folder: Path
) -> tuple[float, float]:
    """Return the losses of the first batch before and after STEPS training steps."""
    command = worker_command(implementation, peer_python)
    environment = worker_environment(implementation, num_cores())
    with WorkerProcess(command, environment, folder / f"{implementation.name}.log") as worker:
        task = request | implementation.options | {"threads": implementation.threads}
        worker.call("prepare", task=task, only_prepare=True)
        answer = worker.call("losses", steps=STEPS)
        return answer["before"], answer["after"]

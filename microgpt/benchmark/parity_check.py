"""Whether the peers compute what this package computes: the same losses from the same weights."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from microgpt.benchmark.implementations import Contender
from microgpt.benchmark.machine_info import cores
from microgpt.benchmark.processes import Process, command, environment
from microgpt.benchmark.workload_inputs import checks

CLOSE = 1e-4  # of the loss
STEPS = 16
# Every way that a library trains in here; compiling and padding change no numbers.
WAYS: dict[str, dict[str, dict[str, Any]]] = {
    "torch": {"torch": {}},
    "jax": {"jax": {}, "jax, flat": {"flat": True}, "jax, scan": {"flat": True, "scan": True}},
}


def compare(libraries: tuple[str, ...], peer_python: str) -> Iterator[tuple[str, float, float]]:
    """(what, our loss, theirs) for each library and each kind of model, untrained and trained."""
    ours = Contender("replayed", "ours", 0, {"engine": "tensor", "backend": "numpy"})
    peers = [
        Contender(way, way, 0, options, library)
        for library in libraries
        for way, options in WAYS[library].items()
    ]
    with tempfile.TemporaryDirectory(prefix="microgpt-bench-") as name:
        folder = Path(name)
        for model, request in checks(folder):
            mine = _losses(ours, request, peer_python, folder)
            for peer in peers:
                theirs = _losses(peer, request, peer_python, folder)
                yield f"{peer.name} on a small {model}", mine[0], theirs[0]
                yield f"{peer.name} on a small {model}, {STEPS} steps later", mine[1], theirs[1]


def _losses(contender: Contender, request: dict, peer_python: str, folder: Path) -> list[float]:
    words, clean = command(contender, peer_python), environment(contender, cores())
    with Process(words, clean, folder / f"{contender.name}.log") as process:
        task = request | contender.options | {"threads": contender.threads}
        process.ask(do="prepare", task=task, wait=True)
        answer = process.ask(do="losses", steps=STEPS)
        return [answer["before"], answer["after"]]

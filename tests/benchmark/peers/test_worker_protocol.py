"""What every worker does, and that peers need nothing of this package for it."""

import ast
import sys

import pytest

from microgpt.benchmark.peers.worker_protocol import (
    MAX_UNITS_PER_BLOCK,
    Job,
    _answer,
    time_block,
)
from microgpt.benchmark.worker_process import PEERS


def test_a_block_has_at_least_one_unit_and_not_too_many():
    units = []
    job = Job(lambda: units.append(1))
    assert len(time_block(job, 0.0)) == len(units) == 1
    assert len(time_block(job, 30.0)) == MAX_UNITS_PER_BLOCK


def test_losses_come_before_and_after_steps():
    state = [8.0]

    def halve():
        state[0] /= 2

    job = Job(halve, 2, loss=lambda: state[0])
    answer = _answer({"command": "losses", "steps": 6}, lambda task: job, [job])
    assert answer == {"before": 8.0, "after": 1.0}
    with pytest.raises(ValueError, match="no loss"):
        _answer({"command": "losses", "steps": 1}, lambda task: job, [Job(halve)])


def test_peers_need_nothing_of_this_package():
    allowed = {"torch", "jax", "transformers", "numpy", *sys.stdlib_module_names}
    own = {path.stem for path in PEERS.glob("*.py")}
    for path in PEERS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert {name.split(".")[0] for name in names} <= allowed | own, path

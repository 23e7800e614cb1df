"""Peers whose losses are ours, and peers whose losses are not."""

import sys

import pytest

from microgpt.benchmark.parity_check import compare_losses
from microgpt.cli import main


@pytest.mark.parametrize(("factor", "equal"), [(1.0, True), (1.01, False)])
def test_peers_are_checked(fake_peer, factor, equal, capsys):
    fake_peer(factor)
    losses = list(compare_losses(("torch",), sys.executable))
    untrained = {label: (ours, peer) for label, ours, peer in losses if "later" not in label}
    assert list(untrained) == [
        "torch on a small microgpt", "torch on a small char", "torch on a small gpt2"
    ]  # fmt: skip
    assert all(ours == peer for ours, peer in untrained.values())
    status = main(["bench", "--check", "--peers", "torch", "--peer-python", sys.executable])
    assert status == (0 if equal else 1)
    assert ("NOT equal" in capsys.readouterr().out) is not equal

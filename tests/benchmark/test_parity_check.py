"""Peers whose losses are ours, and peers whose losses are not."""

import sys

import pytest

from microgpt.benchmark import parity_check
from microgpt.cli import main


@pytest.mark.parametrize(("factor", "equal"), [(1.0, True), (1.01, False), (1.001, False)])
def test_peers_are_checked(fake_peer, factor, equal, monkeypatch, capsys):
    fake_peer(factor)
    compared, compare_losses = [], parity_check.compare_losses

    def remember(libraries, peer_python):
        for losses in compare_losses(libraries, peer_python):
            compared.append(losses)
            yield losses

    monkeypatch.setattr(parity_check, "compare_losses", remember)
    status = main(["bench", "--check", "--peers", "torch", "--peer-python", sys.executable])
    assert status == (0 if equal else 1)
    assert ("NOT equal" in capsys.readouterr().out) is not equal
    untrained = {label: (ours, peer) for label, ours, peer in compared if "later" not in label}
    assert list(untrained) == [
        "torch on a small microgpt", "torch on a small char", "torch on a small gpt2"
    ]  # fmt: skip
    assert all(ours == peer for ours, peer in untrained.values())
    assert len(compared) == 2 * len(untrained)

"""Memory: the smaller of what the machine and the container have."""

from types import SimpleNamespace

import psutil
import pytest

from microgpt._io import memory


@pytest.mark.parametrize(("limit", "expected"), [(None, 1500), (1200, 1200), (10**18, 1500)])
def test_the_smaller_limit_counts(limit, expected, monkeypatch):
    monkeypatch.setattr(memory, "_container_limit", lambda: limit)
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    monkeypatch.setattr(psutil, "swap_memory", lambda: SimpleNamespace(free=500))
    assert memory.available_memory() == expected


def test_the_machine_has_what_is_free():
    assert 0 < memory.free_memory() <= memory.total_memory()

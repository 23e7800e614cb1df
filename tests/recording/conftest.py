"""Replays as the tests run them, and as they are in use."""

import pytest
from emulated_device import emulate

from microgpt import backends


@pytest.fixture(params=["numpy", "numba", "cuda"])
def each_backend(request, monkeypatch):
    """The name of each back end, a device's too, in use for the test."""
    if request.param == "cuda":
        emulate(monkeypatch)
    with backends.using(request.param):
        yield request.param


@pytest.fixture(params=["poisoned", "as in use"])
def poison(request, monkeypatch):
    """Poisoned, a replay goes launch by launch; else in one call where it can."""
    for name in ("numpy", "numba"):
        monkeypatch.setattr(backends.get(name), "poison", request.param == "poisoned")

"""Replays as the tests run them, and as they are in use."""

import pytest

from microgpt import backends


@pytest.fixture(params=["poisoned", "as in use"])
def poison(request, monkeypatch):
    """Poisoned, a replay goes launch by launch; else in one call where it can."""
    for name in ("numpy", "numba"):
        monkeypatch.setattr(backends.get(name), "poison", request.param == "poisoned")

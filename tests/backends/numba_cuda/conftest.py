"""The emulated device in place of a GPU."""

import pytest
from emulated_device import emulate


@pytest.fixture(autouse=True)
def device(monkeypatch):
    """The back end "cuda": its memory is hidden from NumPy, its threads run in Python."""
    return emulate(monkeypatch)

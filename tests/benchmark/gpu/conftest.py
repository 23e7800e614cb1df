"""The emulated device in place of a GPU, and measurements of one short block."""

import pytest
from emulated_device import emulate

from microgpt import backends
from microgpt.benchmark.gpu import timing


@pytest.fixture
def device(monkeypatch):
    """The back end "cuda", emulated; the back end in use stays."""
    before = backends.current().name
    yield emulate(monkeypatch)
    backends.use(before)


@pytest.fixture
def short_blocks(monkeypatch):
    monkeypatch.setattr(timing, "ROUNDS", 2)
    monkeypatch.setattr(timing, "LAUNCHES", 2)

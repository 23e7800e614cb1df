"""Fixtures of the tests of views."""

import itertools

import pytest

from microgpt.widgets import panel, view_memory


@pytest.fixture
def cell(monkeypatch):
    """Runs of one notebook cell: `cell()` begins the next."""
    numbers, current = itertools.count(1), []

    def begin():
        current[:] = ["cell", str(next(numbers))]

    for module in (view_memory, panel):
        monkeypatch.setattr(module, "current_cell", lambda: tuple(current))
    monkeypatch.setattr(view_memory, "_views_by_cell", {})
    begin()
    return begin

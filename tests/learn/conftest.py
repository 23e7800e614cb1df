"""Fixtures of the tests of exercises."""

import pytest

from microgpt.learn import registry, time_limit


@pytest.fixture(autouse=True)
def no_custom_exercises(monkeypatch):
    """Exercises that a test loads are gone after it."""
    monkeypatch.setattr(registry, "_custom", {})


@pytest.fixture
def short_cpu_limit(monkeypatch):
    """A limit of half a second of CPU time instead of three."""
    monkeypatch.setattr(time_limit, "CPU_LIMIT", 0.5)


@pytest.fixture
def short_limits(monkeypatch):
    """Limits of 0.4 seconds of CPU time and of 2 seconds in all."""
    monkeypatch.setattr(time_limit, "CPU_LIMIT", 0.4)
    monkeypatch.setattr(time_limit, "WALL_LIMIT", 2.0)

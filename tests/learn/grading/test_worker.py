"""The worker's limit on memory."""

import pytest

from microgpt.learn.grading.worker import _limit_memory


def test_memory_is_limited_to_what_the_system_allows(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda limit: (100, 200))
    limits = []
    monkeypatch.setattr(resource, "setrlimit", lambda limit, values: limits.append(values))
    assert _limit_memory(500)
    assert limits == [(200, 200)]

    def refuse(limit, values):
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert not _limit_memory(500)

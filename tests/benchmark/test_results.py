"""Statistics of measurements."""

import pytest


def test_numbers_are_in_the_unit_of_the_workload(results):
    replayed = results.find("recipe", "replayed")
    assert replayed.in_unit(replayed.median) == pytest.approx(20.0)
    assert replayed.in_unit(replayed.best) == pytest.approx(16.0)
    names = results.find("names", "replayed")
    assert names.in_unit(names.median) == pytest.approx(40_000)
    assert names.in_unit(names.best) == pytest.approx(50_000)
    assert results.find("recipe", "tape") is None
    memory = results.find("generate", "memory")
    assert (memory.in_unit(memory.median), memory.unit) == (pytest.approx(25.0), "GB/s")


def test_the_best_peer_is_the_one_compared_with(results):
    assert results.best_peer("recipe").implementation.name == "jax-scan-flat-1"
    assert results.best_peer("recipe", "torch").implementation.name == "torch-eager-1"
    assert results.best_peer("batch") is None
    assert results.speedup("names", results.best_peer("names")) == pytest.approx(10.0)
    assert results.speedup("batch", None) is None

"""Statistics of measurements."""

from dataclasses import replace

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
    assert memory.in_unit(memory.best) == pytest.approx(25.0)  # per byte, not per unit of work


def test_an_implementation_is_found_by_its_first_measurement_with_blocks(results):
    empty = replace(results.find("names", "replayed"), blocks=[], error="it was stopped")
    results.measurements.insert(0, empty)
    assert results.find("names", "replayed").blocks
    assert results.speedup("names", results.best_peer("names")) == pytest.approx(10.0)


def test_the_best_peer_is_the_one_compared_with(results):
    assert results.best_peer("recipe").implementation.name == "jax-scan-flat-1"
    assert results.best_peer("recipe", "torch").implementation.name == "torch-eager-1"
    assert results.best_peer("batch") is None
    assert results.speedup("names", results.best_peer("names")) == pytest.approx(10.0)
    assert results.speedup("batch", None) is None

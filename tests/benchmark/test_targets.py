"""Performance targets, met and missed."""

import pytest

from microgpt.benchmark.table import format_targets
from microgpt.benchmark.targets import PerfTarget, bandwidth_fraction, perf_targets
from microgpt.benchmark.workloads import WORKLOADS


def test_performance_targets(results):
    results.machine |= {"isa": "native", "simd": "AVX2"}
    targets = {(target.workload, target.target): target for target in perf_targets(results)}
    assert targets["recipe", 25].met is True
    assert targets["recipe", 4].value == pytest.approx(3.0)
    assert targets["recipe", 4].met is False
    assert targets["recipe", 3].met is False  # than JAX in one scan
    assert targets["recipe", 20].met is True
    assert targets["recipe", 4000].value == pytest.approx(5000)
    assert targets["names", 30_000].met is True
    assert targets["generate", 2].met is None
    assert {workload for workload, _ in targets} == {"recipe", "names", "generate"}
    bytes_read = 4 * (124_439_808 - 1023 * 768)
    assert bandwidth_fraction(results) == pytest.approx(50.0 * bytes_read / 25e9)
    assert targets["generate", 80].met is (bandwidth_fraction(results) >= 0.8)
    lines = format_targets(results).splitlines()
    assert any(line.endswith("met") and "pure Python" in line for line in lines)
    assert any(line.endswith("not measured") and "transformers" in line for line in lines)


@pytest.mark.parametrize(
    ("value", "is_upper_bound", "met"),
    [(24.9, True, True), (25.0, True, True), (25.1, True, False),
     (24.9, False, False), (25.0, False, True), (25.1, False, True),
     (None, True, None), (None, False, None)],
)  # fmt: skip
def test_a_target_is_met_from_its_number_on(value, is_upper_bound, met):
    assert PerfTarget("recipe", "µs", 25.0, value, is_upper_bound).met is met


@pytest.mark.parametrize(
    ("isa", "simd", "target"),
    [("avx2", "AVX-512", 2.8), ("avx512", "AVX-512", 3.3), ("native", "AVX-512", 3.3),
     ("native", "AVX2", 2.8), ("native", "NEON", 2.8)],
)  # fmt: skip
def test_speedups_are_those_for_the_instructions_that_all_may_use(results, isa, simd, target):
    results.machine |= {"isa": isa, "simd": simd}
    (recipe,) = results.for_workload("recipe")[:1]
    recipe.workload = WORKLOADS["batch"]
    assert [one.target for one in perf_targets(results) if one.workload == "batch"] == [target]

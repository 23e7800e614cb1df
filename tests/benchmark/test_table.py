"""The results as text."""

import re

from microgpt.benchmark.table import format_duration, format_measured, format_results
from microgpt.benchmark.workloads import WORKLOADS


def test_the_table(results):
    text = format_results(results)
    for part in (
        WORKLOADS["recipe"].title[:60],
        "In µs; lower is better.",
        "In characters/s; higher is better.",
        "not measured: tape: it has no tape",
        "microgpt replayed is 5,000 × as fast as Value.",
        "microgpt replayed is 0.900 × the best peer (jax-scan-flat-1).",
        "microgpt replayed is 10.0 × the best peer (torch-own-loop-1).",
        "load average before it 0.2",
        "25.0 GB/s",
        "Note: a note <b>.",
    ):
        assert part in text
    value = next(line for line in text.splitlines() if line.startswith("  Value"))
    assert re.search(r"100,000 +80,000 to 200,000 +80,000 +1.20 ms +2 +32 MiB$", value)
    names = format_results(results).partition("names: ")[2]
    assert re.search(r"replayed: .* 40,000 +20,000 to 50,000 +50,000 ", names)  # of rates too


def test_numbers_have_three_digits():
    numbers = {1234.5: "1,234", 12.345: "12.3", 0.01234: "0.0123", 100: "100", 10: "10.0",
               1: "1.00", 0.1: "0.100", -10: "-10.0", 0: "0"}  # fmt: skip
    assert {number: format_measured(number) for number in numbers} == numbers
    durations = {2.0: "2.00 s", 0.0025: "2.50 ms", 2e-6: "2.00 µs"}
    assert {seconds: format_duration(seconds) for seconds in durations} == durations

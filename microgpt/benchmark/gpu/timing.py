"""Contenders measured in turns, and the rows that come of it."""

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from microgpt import backends
from microgpt.backends.device_memory import DeviceDriver
from microgpt.benchmark.gpu.rows import MEASURED, Row
from microgpt.benchmark.machine_info import load_average
from microgpt.benchmark.peers.worker_protocol import Job, time_block

ROUNDS = 5
LAUNCHES = 5  # in one graph: waiting for it takes microseconds, so it must take many more


@dataclass(frozen=True)
class Contender:
    """Whoever does some work: `block(seconds)` returns the seconds of each unit that it did.

    A unit is `count` times the work.
    """

    name: str
    precision: str
    block: Callable[[float], list[float]]
    count: float = 1


def gpu_driver() -> DeviceDriver:
    """Return the driver of the back end "cuda"."""
    return backends.get("cuda").driver  # type: ignore[attr-defined, no-any-return]


def graph_contender(name: str, precision: str, work: Callable[[], None]) -> Contender:
    """Return the contender that launches `work` LAUNCHES times, as one graph, and waits for it.

    What Python spends on a launch is thereby left out: the device's time is measured.
    """
    driver = gpu_driver()
    work()  # compiles
    driver.synchronize()
    replay = driver.capture([(work, ())] * LAUNCHES)

    def unit() -> None:
        replay()
        driver.synchronize()

    unit()
    return job_contender(name, precision, Job(unit, LAUNCHES))


def job_contender(name: str, precision: str, job: Job) -> Contender:
    """Return the contender of a worker's job, which is already warm."""
    return Contender(name, precision, lambda seconds: time_block(job, seconds), job.count)


def measure(
    work: str, contenders: Sequence[Contender], seconds: float, **amounts: float
) -> Iterator[Row]:
    """Run blocks of `seconds` in shuffled turns; yield each contender's median and range.

    `amounts` are the bytes, floating-point operations or tokens of the work; rates follow from
    them. The load average is that before the first block.
    """
    load, rng = load_average(), random.Random(0)
    medians: dict[int, list[float]] = {number: [] for number in range(len(contenders))}
    for _ in range(ROUNDS):
        for number in rng.sample(range(len(contenders)), len(contenders)):
            one = contenders[number]
            medians[number].append(statistics.median(one.block(seconds)) / one.count)
    for number, one in enumerate(contenders):
        figures: dict[str, Any] = {
            "work": work, "contender": one.name, "precision": one.precision,
            "seconds": statistics.median(medians[number]), "low": min(medians[number]),
            "high": max(medians[number]), "blocks": ROUNDS, "load_average": load, **amounts,
        }  # fmt: skip
        yield Row(f"{work}: {one.name}", MEASURED, describe(figures), figures)


RATES = {"bytes": ("GB/s", 1e9), "flops": ("TFLOP/s", 1e12), "tokens": ("tokens/s", 1)}


def describe(figures: dict[str, Any]) -> str:
    """Return a measurement in words: the time, its range, the rate, the precision, the load."""
    seconds = figures["seconds"]
    text = f"{_time(seconds)} ({_time(figures['low'])} to {_time(figures['high'])})"
    for name, (unit, scale) in RATES.items():
        if name in figures:
            text += f", {figures[name] / seconds / scale:,.4g} {unit}"
    load = figures["load_average"]
    return f"{text}; precision {figures['precision']}" + (f"; load {load:.1f}" if load else "")


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1), ("ms", 1e3)):
        if seconds * scale >= 1:
            return f"{seconds * scale:,.4g} {unit}"
    return f"{seconds * 1e6:,.4g} µs"

"""Sampling: many names at once, and one text."""

from collections.abc import Iterator

import microgpt as mg
from microgpt import backends
from microgpt.benchmark.gpu.marks import HIGHEST, OURS, TOKENS
from microgpt.benchmark.gpu.rows import Row
from microgpt.benchmark.gpu.timing import job_contender, measure
from microgpt.benchmark.peers.worker_protocol import Job
from microgpt.recording.replay import TIMED_RUNS

MANY = 65_536
SECONDS = 1.0
CALLS = 2 + TIMED_RUNS + 1  # recorded, timed launch by launch, and the one that makes the graph


def rows(is_emulated: bool) -> Iterator[Row]:
    """Yield how many tokens a second are sampled."""
    if not is_emulated:
        config = mg.GPTConfig.microgpt(vocab_size=27)
        yield from measure_sampling(config, {TOKENS: MANY, "32 names": 32}, SECONDS)


def measure_sampling(config: mg.GPTConfig, works: dict[str, int], seconds: float) -> Iterator[Row]:
    """Measure each number of texts at once, then one text alone; none of them stops early."""
    with backends.using("cuda"):
        model = mg.GPT(config, seed=3)
    length = config.block_size - 1
    for name, count in works.items():
        prompts = [[0]] * count

        def many(prompts: list[list[int]] = prompts) -> None:
            mg.generate_batch(model, prompts, length, seed=1)

        for _ in range(CALLS):
            many()
        contender = job_contender(OURS, HIGHEST, Job(many))
        yield from measure(name, [contender], seconds, tokens=count * length)

    def one() -> None:
        for _ in mg.generate(model, [0], max_new_tokens=length, seed=1):
            pass

    one()
    yield from measure("one text", [job_contender(OURS, HIGHEST, Job(one))], seconds, tokens=length)

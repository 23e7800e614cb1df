"""Texts drawn token by token: greedy from a large model, names from a small one."""

from collections.abc import Iterator
from typing import Any

import numpy as np

import microgpt as mg
from microgpt.benchmark.ours.arrays import model_of
from microgpt.benchmark.peers.worker_protocol import Job


def generate(task: dict[str, Any]) -> Job:
    """`count` tokens after the prompt, each the most likely one."""
    mg.use(task["backend"])
    model, prompt, count = model_of(task), task["prompt"], task["count"]
    draw = drawing(task)

    def unit() -> None:
        if len(list(draw(model, prompt, count, 0.0, 0, None))) != count:
            raise mg.SettingError(f"{count} tokens were wanted")

    return Job(unit, count)


def names(task: dict[str, Any]) -> Job:
    """Names until each ends; a unit is always the same names, and its letters are counted."""
    mg.use(task["backend"])
    model, stop = model_of(task), task["stop"]
    draw, most = drawing(task), model.config.block_size

    def unit() -> None:
        texts = (
            draw(model, [stop], most, task["temperature"], seed, stop)
            for seed in range(task["count"])
        )
        job.count = sum(len(list(text)) for text in texts)

    job = Job(unit)
    return job


def drawing(task: dict[str, Any]):
    """How this contender draws: `mg.generate`, which replays where it can, or the loop below."""
    return generated if task.get("captured") or task["backend"] == "numpy" else one_by_one


def generated(
    model: mg.GPT, prompt: list[int], count: int, temperature: float, seed: int, stop: int | None
) -> Iterator[int]:
    return mg.generate(model, prompt, count, temperature=temperature, seed=seed, stop=stop)


def one_by_one(
    model: mg.GPT, prompt: list[int], count: int, temperature: float, seed: int, stop: int | None
) -> Iterator[int]:
    """The same tokens, every operation called from Python."""
    cache, new = mg.KVCache(model), prompt
    for place in range(len(prompt), len(prompt) + count):
        with mg.no_grad():
            logits = model(np.array([new], np.int32), cache).numpy()[0, -1]
        token = mg.next_token(logits, temperature=temperature, u=mg.uniform(seed, place)).token
        if token == stop:
            return
        yield token
        new = [token]

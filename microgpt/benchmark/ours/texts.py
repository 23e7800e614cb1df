"""Autoregressive generation: greedy decoding with a large model, names from a small one."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import microgpt as mg
from microgpt.benchmark.ours.arrays import build_model
from microgpt.benchmark.peers.worker_protocol import Job


def generate(task: dict[str, Any]) -> Job:
    """Return a job of greedy decoding of `max_new_tokens` tokens after the prompt."""
    mg.use(task["backend"])
    model, prompt, max_new_tokens = build_model(task), task["prompt"], task["max_new_tokens"]
    generate_tokens = _generator(task)

    def unit() -> None:
        count = len(list(generate_tokens(model, prompt, max_new_tokens, 0.0, 0, None)))
        if count != max_new_tokens:
            raise ValueError(f"{max_new_tokens} tokens must be generated; got {count}")

    return Job(unit, max_new_tokens)


def sample_names(task: dict[str, Any]) -> Job:
    """Return a job that samples whole names and counts characters; each unit samples the same."""
    mg.use(task["backend"])
    model, stop = build_model(task), task["stop"]
    generate_tokens, block_size = _generator(task), model.config.block_size

    def unit() -> None:
        texts = (
            generate_tokens(model, [stop], block_size, task["temperature"], seed, stop)
            for seed in range(task["num_samples"])
        )
        job.count = sum(len(list(text)) for text in texts)

    job = Job(unit)
    return job


def _generator(task: dict[str, Any]) -> Callable[..., Iterator[int]]:
    """Return `mg.generate`, which replays captured steps if it can, or the eager loop below."""
    return _generate if task.get("captured") or task["backend"] == "numpy" else _eager_loop


def _generate(
    model: mg.GPT, prompt: list[int], count: int, temperature: float, seed: int, stop: int | None
) -> Iterator[int]:
    return mg.generate(model, prompt, count, temperature=temperature, seed=seed, stop=stop)


def _eager_loop(
    model: mg.GPT, prompt: list[int], count: int, temperature: float, seed: int, stop: int | None
) -> Iterator[int]:
    """Yield the same tokens as `mg.generate`, with every operation launched from Python."""
    cache, new = mg.KVCache(model), prompt
    for position in range(len(prompt), len(prompt) + count):
        with mg.no_grad():
            logits = model(np.array([new], np.int32), cache).numpy()[0, -1]
        u = mg.uniform(seed, position)
        token = mg.next_token(logits, temperature=temperature, u=u).token
        if token == stop:
            return
        yield token
        new = [token]

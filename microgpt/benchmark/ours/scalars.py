"""Workloads on scalar engines: the recipe on `Value` and on the tape, sampling on `Value`."""

import random
from typing import Any

from microgpt import reference
from microgpt.autograd.engine import no_grad
from microgpt.benchmark.peers.worker_protocol import Job
from microgpt.config import GPTConfig
from microgpt.models.scalar_gpt import ScalarGPT, softmax


def train(task: dict[str, Any]) -> Job:
    """Return a job of the microgpt recipe; a unit is a pass over `num_names` of the task's names.

    A tape is built at the first name of each length. If it trains on all of them, each unit makes
    two passes and only the second is timed.
    """
    names, engine = task["names"], task["engine"]
    count = min(task["num_names"], len(names))
    sample = stratified_sample(names, count)
    rest = [name for index, name in enumerate(names) if index not in set(sample)]
    documents = unshuffle([names[index] for index in sample] + rest, seed=42)
    passes = 2 if engine == "tape" and count == len(names) else 1

    def run(steps: int) -> list[float]:
        return reference.run(documents, num_steps=steps, num_samples=0, engine=engine).seconds

    return Job(
        lambda: sum(run(passes * count)[-count:]),
        count,
        first_call=lambda: run(1),
        warmup_units=0,  # the first call has compiled everything
    )


def stratified_sample(names: list[str], count: int) -> list[int]:
    """Return the indices of `count` names with the same distribution of lengths as all names."""
    by_length = sorted(range(len(names)), key=lambda index: len(names[index]))
    return [by_length[(2 * i + 1) * len(names) // (2 * count)] for i in range(count)]


def unshuffle(shuffled: list[str], seed: int) -> list[str]:
    """Return the names in the order that the recipe's shuffle with `seed` turns into `shuffled`."""
    indices = list(range(len(shuffled)))
    random.Random(seed).shuffle(indices)
    documents = [""] * len(shuffled)
    for name, index in zip(shuffled, indices, strict=True):
        documents[index] = name
    return documents


def sample_names(task: dict[str, Any]) -> Job:
    """Return a job that samples names on Values, without gradients; each unit samples the same."""
    import numpy as np

    model = ScalarGPT(GPTConfig(**task["config"]))
    with np.load(task["weights"]) as arrays:
        model.load_state_dict({name: arrays[name].tolist() for name in arrays.files})
    stop, temperature = task["stop"], task["temperature"]
    num_samples, ids = max(1, task["num_samples"] // 20), range(model.config.vocab_size)

    def unit() -> None:
        rng, characters = random.Random(0), 0
        for _ in range(num_samples):
            keys: list = [[] for _ in range(model.config.n_layer)]
            values: list = [[] for _ in range(model.config.n_layer)]
            token = stop
            for position in range(model.config.block_size):
                with no_grad():
                    logits = model.decode_step(token, position, keys, values)
                    probs = softmax([x / temperature for x in logits])
                token = rng.choices(ids, weights=[prob.data for prob in probs])[0]
                if token == stop:
                    break
                characters += 1
        job.count = characters

    job = Job(unit, warmup_units=0)
    return job

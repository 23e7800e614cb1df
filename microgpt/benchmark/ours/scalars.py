"""Works on single numbers: the recipe on `Value` and on the tape, and names drawn from `Value`."""

import random
from typing import Any

from microgpt import reference
from microgpt.autograd.engine import no_grad
from microgpt.benchmark.peers.worker_protocol import Job
from microgpt.config import GPTConfig
from microgpt.models.scalar_gpt import ScalarGPT, softmax


def train(task: dict[str, Any]) -> Job:
    """The microgpt recipe; a unit is a pass over `sample` of the task's names, evenly chosen.

    A tape is built when a length of name is met first, so it goes over the names twice, and the
    second time counts.
    """
    names, engine, count = task["names"], task["engine"], min(task["sample"], len(task["names"]))
    chosen = even_sample(names, count)
    rest = [name for place, name in enumerate(names) if place not in set(chosen)]
    documents = before_shuffling([names[place] for place in chosen] + rest, seed=42)
    passes = 2 if engine == "tape" and count == len(names) else 1

    def run(steps: int) -> list[float]:
        return reference.run(documents, num_steps=steps, num_samples=0, engine=engine).seconds

    return Job(
        lambda: sum(run(passes * count)[-count:]),
        count,
        first=lambda: run(1),
        warm=0,  # the first call has compiled all there is to compile
    )


def even_sample(names: list[str], count: int) -> list[int]:
    """The places of `count` names whose lengths are spread as those of all of them are."""
    by_length = sorted(range(len(names)), key=lambda place: len(names[place]))
    return [by_length[(2 * i + 1) * len(names) // (2 * count)] for i in range(count)]


def before_shuffling(wanted: list[str], seed: int) -> list[str]:
    """The order of names that the recipe's shuffle turns into the one wanted."""
    places = list(range(len(wanted)))
    random.Random(seed).shuffle(places)
    documents = [""] * len(wanted)
    for name, place in zip(wanted, places, strict=True):
        documents[place] = name
    return documents


def names(task: dict[str, Any]) -> Job:
    """Names drawn from the model on Values, without a gradient; a unit is always the same names."""
    import numpy as np

    model = ScalarGPT(GPTConfig(**task["config"]))
    with np.load(task["weights"]) as arrays:
        model.load_state_dict({name: arrays[name].tolist() for name in arrays.files})
    stop, temperature, count = task["stop"], task["temperature"], max(1, task["count"] // 20)
    ids = range(model.config.vocab_size)

    def unit() -> None:
        rng, letters = random.Random(0), 0
        for _ in range(count):
            keys: list = [[] for _ in range(model.config.n_layer)]
            values: list = [[] for _ in range(model.config.n_layer)]
            token = stop
            for position in range(model.config.block_size):
                with no_grad():
                    logits = model.step(token, position, keys, values)
                    chances = softmax([x / temperature for x in logits])
                token = rng.choices(ids, weights=[chance.data for chance in chances])[0]
                if token == stop:
                    break
                letters += 1
        job.count = letters

    job = Job(unit, warm=0)
    return job

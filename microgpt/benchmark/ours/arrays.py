"""Training steps on arrays, as a user of the package writes them."""

from itertools import cycle
from typing import Any

import numpy as np

import microgpt as mg
from microgpt.benchmark.peers.worker_protocol import Job


def train(task: dict[str, Any]) -> Job:
    """Steps on one back end; with "captured", recorded and replayed."""
    mg.use(task["backend"])
    model, settings = model_of(task), task["optimizer"]
    common = {"lr": settings["lr"], "betas": tuple(settings["betas"]), "eps": settings["eps"]}
    if settings["name"] == "adamw":
        optimizer = mg.AdamW(model, weight_decay=settings["decay"], **common)
    else:
        optimizer = mg.Adam(model, **common)

    def step(tokens, targets):
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        optimizer.step()
        return loss

    run = mg.capture(step) if task.get("captured") else step
    batches = [tuple(np.array(part, np.int32) for part in batch) for batch in task["batches"]]
    following = cycle(batches)

    def one():
        run(*next(following))

    def unit():
        for _ in range(task["steps"]):
            run(*next(following))

    def loss() -> float:
        with mg.no_grad():
            return model.loss(*batches[0]).item()

    # The first two calls of a captured step record it; the third is the first replay.
    return Job(unit, task["steps"], first=one, warm=2 if task.get("captured") else 1, loss=loss)


def model_of(task: dict[str, Any]) -> mg.GPT:
    """The model of a task, with the task's weights or those of seed 42."""
    model = mg.GPT(mg.GPTConfig(**task["config"]))
    if task.get("weights"):
        with np.load(task["weights"]) as arrays:
            model.load_state_dict(dict(arrays))
    return model

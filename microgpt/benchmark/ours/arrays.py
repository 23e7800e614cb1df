"""Training on the tensor engine, written as a user of the package would."""

from itertools import cycle
from typing import Any

import numpy as np

import microgpt as mg
from microgpt.benchmark.peers.worker_protocol import Job


def train(task: dict[str, Any]) -> Job:
    """Return a job of training steps on one back end; with "captured", they are replayed."""
    mg.use(task["backend"])
    model, settings = build_model(task), task["optimizer"]
    common = {"lr": settings["lr"], "betas": tuple(settings["betas"]), "eps": settings["eps"]}
    if settings["name"] == "adamw":
        optimizer = mg.AdamW(model, weight_decay=settings["weight_decay"], **common)
    else:
        optimizer = mg.Adam(model, **common)

    def step(tokens, targets):
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        optimizer.step()
        return loss

    run_step = mg.capture(step) if task.get("captured") else step
    batches = [tuple(np.array(part, np.int32) for part in batch) for batch in task["batches"]]
    next_batches = cycle(batches)

    def first_step():
        run_step(*next(next_batches))

    def unit():
        for _ in range(task["steps"]):
            run_step(*next(next_batches))

    def loss() -> float:
        with mg.no_grad():
            return model.loss(*batches[0]).item()

    # The first two calls of a captured step record it; only the third replays.
    warmup_units = 2 if task.get("captured") else 1
    return Job(unit, task["steps"], first_call=first_step, warmup_units=warmup_units, loss=loss)


def build_model(task: dict[str, Any]) -> mg.GPT:
    """Build the task's model, with the task's weights if there are any, else random ones."""
    model = mg.GPT(mg.GPTConfig(**task["config"]))
    if task.get("weights"):
        with np.load(task["weights"]) as arrays:
            model.load_state_dict(dict(arrays))
    return model

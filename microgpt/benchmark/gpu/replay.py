"""Training on the device: recorded as eager, twice the same, and resumed, to the last bit."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import microgpt as mg
from microgpt import backends
from microgpt.benchmark.gpu.operations import relative_difference
from microgpt.benchmark.gpu.rows import Row, judged

STEPS, FEW_STEPS = 12, 4  # the third of a recording is its first graph; few on a slow device
LOSS_TOLERANCE = 1e-4
TINY = {"vocab_size": 5, "block_size": 4, "n_layer": 1, "n_embd": 4, "n_head": 1}
SMALL = {"vocab_size": 65, "block_size": 64, "n_layer": 2, "n_embd": 128, "n_head": 4}


def configs(is_emulated: bool) -> dict[str, mg.GPTConfig]:
    """Return the models that are trained: the recipe's modules, and GPT-2's with dropout."""
    recipe, gpt2 = (
        mg.GPTConfig.microgpt(vocab_size=27),
        mg.GPTConfig.preset("gpt2-124M", dropout=0.1),
    )
    if is_emulated:
        return {"GPT-2": replace(gpt2, **TINY)}
    return {"microgpt": recipe, "GPT-2": replace(gpt2, **SMALL)}


def rows(is_emulated: bool) -> Iterator[Row]:
    """Yield, for each model, what differs between runs that must be the same."""
    steps = FEW_STEPS if is_emulated else STEPS
    for name, config in configs(is_emulated).items():
        eager, recorded = (train(config, steps, capture=capture) for capture in (False, True))
        yield _same(f"{name}: recorded steps as a graph", eager, recorded, "the eager steps'")
        again = train(config, steps, capture=True)
        yield _same(f"{name}: a second run", recorded, again, "the first run's")
        resumed = train(config, steps, capture=True, stop=True)
        yield _same(f"{name}: a resumed run", recorded, resumed, "those of a run without a stop")
        numpys = train(config, steps, capture=False, backend="numpy")
        yield _beside_numpy(name, recorded[0], numpys[0])


def train(
    config: mg.GPTConfig, steps: int, *, capture: bool, stop: bool = False, backend: str = "cuda"
) -> tuple[list[float], dict[str, bytes]]:
    """Train on fixed tokens; return the losses, and the weights as bytes.

    With `stop` it is saved after half of the steps, and what the files give goes on.
    """
    tokens = np.random.default_rng(0).integers(0, config.vocab_size, 60 * config.block_size)
    settings = mg.TrainConfig(
        steps=steps, optimizer="adamw", weight_decay=0.1, grad_clip=1.0, lr=0.01
    )
    with backends.using(backend):
        trainer = mg.Trainer(mg.GPT(config, seed=3), tokens, settings, capture=capture)
        losses = [next(trainer).loss for _ in range(steps // 2)]
        if stop:
            with tempfile.TemporaryDirectory(prefix="microgpt-gpu-") as folder:
                trainer.save(Path(folder))
                trainer = mg.Trainer.resume(Path(folder), tokens, capture=capture)
        losses += [next(trainer).loss for _ in range(steps - len(losses))]
        weights = trainer.model.state_dict()
    return losses, {name: array.tobytes() for name, array in weights.items()}


def _same(name: str, first: Any, second: Any, whose: str) -> Row:
    losses = [a.hex() for a in first[0]] == [b.hex() for b in second[0]]
    changed = [key for key in first[1] if first[1][key] != second[1][key]]
    what = "losses" if not losses else f"{len(changed)} arrays, such as {', '.join(changed[:3])}"
    return judged(
        name, losses and not changed, f"losses and weights are {whose}, bit for bit",
        f"losses and weights must be {whose}, bit for bit; other bits in: {what}",
    )  # fmt: skip


def _beside_numpy(name: str, losses: list[float], numpys: list[float]) -> Row:
    difference = relative_difference(np.array(losses), np.array(numpys))
    text = f"differ from NumPy's by {difference:.1e}"
    return judged(
        f"{name}: losses", difference <= LOSS_TOLERANCE, text,
        f"{text}; {LOSS_TOLERANCE:.0e} is allowed", difference=difference,
    )  # fmt: skip

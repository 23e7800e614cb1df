"""`WeightSource`: weights from another program's file, under our names; checked, then read in place.

A reader of a format says what a file holds and how to read one tensor of it; whether that is all
of a model, and nothing else, is asked here for all formats.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microgpt.backends import LOCK
from microgpt.config import GPTConfig
from microgpt.errors import FormatError, MicrogptError
from microgpt.models.gpt import GPT

Shape = tuple[int, ...]

HEAD_DIM = 64  # of every GPT-2 that was published
MOST_LISTED = 40


@dataclass(frozen=True)
class WeightSource:
    """What a file holds, before anything of it is read.

    `shapes` are those of its tensors by our names, matrices (out, in) as ours are. `labels` gives
    the name that the file itself has for a tensor. `read_into(name, array)` fills a float32 array
    of that shape, in pieces: at no time is there a second copy of all weights.
    """

    file: Path
    config: GPTConfig
    shapes: dict[str, Shape]
    labels: dict[str, str]
    read_into: Callable[[str, np.ndarray], None]


def wanted_shapes(file: Path, config: GPTConfig, most: int) -> dict[str, Shape]:
    """The tensors of such a model by our names; refused if its layers have more than `most`."""
    try:
        return config.parameter_shapes(most)
    except MicrogptError as error:
        raise FormatError(f"{file} does not hold a whole model: {error}") from None


def check_complete(incoming: WeightSource) -> None:
    """Refuse a file that lacks a tensor of its model, or has one too many, or of another shape."""
    found = incoming.shapes
    wanted = wanted_shapes(incoming.file, incoming.config, len(found))

    def label(name: str) -> str:
        return f"{incoming.labels.get(name, name):.100}"

    problems = [f"{label(name)} is missing" for name in wanted if name not in found]
    problems += [f"{label(name)} is not of this model" for name in found if name not in wanted]
    problems += [
        f"{label(name)} must have shape {wanted[name]} (as out, in); got {shape}"
        for name, shape in found.items()
        if name in wanted and wanted[name] != shape
    ]
    if problems:
        if len(problems) > MOST_LISTED:
            rest = len(problems) - MOST_LISTED
            problems = [*problems[:MOST_LISTED], f"and {rest:,} more"]
        raise FormatError(f"{incoming.file} does not hold a whole model: {'; '.join(problems)}")


def gpt2_of_shapes(
    file: Path, shapes: dict[str, Shape], n_layer: int, n_head: int | None
) -> GPTConfig:
    """The GPT-2 whose two tables have these shapes, with `n_head` heads or as many as 64 wide."""
    tables = [shapes.get(name, ()) for name in ("wte.weight", "wpe.weight")]
    if any(len(shape) != 2 for shape in tables):
        raise FormatError(
            f"{file} must hold the tables wte.weight and wpe.weight of a GPT-2, each of two axes; "
            f"got shapes {tables[0]} and {tables[1]}"
        )
    (vocab_size, n_embd), (block_size, _) = tables
    if n_head is None and n_embd % HEAD_DIM:
        raise FormatError(
            f"{file} does not say how many heads its model has, and {n_embd} is not a multiple of "
            f"the usual {HEAD_DIM}; give n_head=…, or put its config.json or hparams.json beside it"
        )
    try:
        return GPTConfig.preset(
            "gpt2-124M",
            vocab_size=vocab_size,
            block_size=block_size,
            n_layer=n_layer,
            n_head=n_embd // HEAD_DIM if n_head is None else n_head,
            n_embd=n_embd,
        )
    except MicrogptError as error:
        raise FormatError(f"{file} does not hold a GPT-2: {error}") from None


def build_model(incoming: WeightSource, backend: str | None = None) -> GPT:
    """The model with the weights of the file, float32, on `backend`."""
    check_complete(incoming)
    model = GPT(incoming.config, seed=None, backend=backend)
    with LOCK:
        for name, parameter in model.named_parameters():
            incoming.read_into(name, parameter.array)
    return model

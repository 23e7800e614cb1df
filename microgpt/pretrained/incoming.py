"""`Incoming`: weights from another program's file, under our names; checked, then read in place.

A reader of a format says what a file holds and how to read one tensor of it; whether that is all
of a model, and nothing else, is asked here for all formats.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microgpt.backends import LOCK
from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.models.gpt import GPT

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Incoming:
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


def check_complete(incoming: Incoming) -> None:
    """Refuse a file that lacks a tensor of its model, or has one too many, or of another shape."""
    found = incoming.shapes
    wanted = incoming.config.parameter_shapes(most=len(found))

    def label(name: str) -> str:
        return incoming.labels.get(name, name)

    problems = [f"{label(name)} is missing" for name in wanted if name not in found]
    problems += [f"{label(name)} is not of this model" for name in found if name not in wanted]
    problems += [
        f"{label(name)} must have shape {wanted[name]} (as out, in); got {shape}"
        for name, shape in found.items()
        if name in wanted and wanted[name] != shape
    ]
    if problems:
        raise FormatError(f"{incoming.file} does not hold a whole model: {'; '.join(problems)}")


def model_of(incoming: Incoming, backend: str | None = None) -> GPT:
    """The model with the weights of the file, float32, on `backend`."""
    check_complete(incoming)
    model = GPT(incoming.config, seed=None, backend=backend)
    with LOCK:
        for name, parameter in model.named_parameters():
            incoming.read_into(name, parameter.array)
    return model

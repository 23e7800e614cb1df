"""`WeightSource`: the weights in another program's file, under our names.

Each format's `open_model` returns one. For all formats, `check_complete` checks that it holds
exactly one model, and `build_model` reads it into a GPT.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from microgpt.backends import LOCK
from microgpt.backends.memory import host_buffer
from microgpt.config import GPTConfig
from microgpt.errors import FormatError, MicrogptError
from microgpt.models.gpt import GPT

Shape = tuple[int, ...]

HEAD_DIM = 64  # in every published GPT-2
MAX_LISTED = 40  # problems listed in one error
_VOCAB_TENSORS = ("wte.weight", "lm_head.weight")  # a row for each token


@dataclass(frozen=True)
class WeightSource:
    """The config and tensor shapes of a model in a file, and a function that reads its weights.

    `shapes` maps our tensor names to shapes, with matrices (out, in) as in our models. `labels`
    maps our names to the file's own. `read_into(name, array)` fills a float32 array of that shape,
    or of its first rows, block by block, so that the weights are never in memory twice.
    `extra_heads` are the tensors beside the language model that its logits do not depend on.
    """

    file: Path
    config: GPTConfig
    shapes: dict[str, Shape]
    labels: dict[str, str]
    read_into: Callable[[str, np.ndarray], None]
    extra_heads: tuple[str, ...] = ()

    def without_extra_heads(self) -> "WeightSource":
        """Return the language model alone."""
        shapes = {
            name: shape for name, shape in self.shapes.items() if name not in self.extra_heads
        }
        return replace(self, shapes=shapes, extra_heads=())

    def with_vocab_size(self, vocab_size: int) -> "WeightSource":
        """Return the model without the token ids from `vocab_size` on, which pad its vocabulary."""
        check_complete(self)  # against the size that the file gives
        shapes = {
            name: (vocab_size, *shape[1:]) if name in _VOCAB_TENSORS else shape
            for name, shape in self.shapes.items()
        }
        return replace(self, config=replace(self.config, vocab_size=vocab_size), shapes=shapes)


def build_model(source: WeightSource, backend: str | None = None) -> GPT:
    """Return a float32 GPT on `backend` with the weights of the file."""
    check_complete(source)
    model = GPT(source.config, seed=None, backend=backend)
    with LOCK:
        for name, parameter in model.named_parameters():
            with host_buffer(parameter.array) as numbers:
                source.read_into(name, numbers)
    return model


def check_complete(source: WeightSource) -> None:
    """Raise FormatError unless the file has every tensor of its model, and no other."""
    shapes = source.shapes
    expected = expected_shapes(source.file, source.config, len(shapes))

    def label(name: str) -> str:
        return f"{source.labels.get(name, name):.100}"

    problems = [f"{label(name)} is missing" for name in expected if name not in shapes]
    surplus = [name for name in shapes if name not in expected]
    problems += [
        f"{label(name)} is not of this model" for name in surplus if name not in source.extra_heads
    ]
    problems += [
        f"{label(name)} must have shape {expected[name]} (as out, in); got {shape}"
        for name, shape in shapes.items()
        if name in expected and expected[name] != shape
    ]
    if problems:
        if len(problems) > MAX_LISTED:
            rest = len(problems) - MAX_LISTED
            problems = [*problems[:MAX_LISTED], f"and {rest:,} more"]
        raise FormatError(f"{source.file} does not hold a whole model: {'; '.join(problems)}")
    if surplus:
        names = ", ".join(map(label, surplus[:MAX_LISTED]))
        raise FormatError(
            f"{source.file} holds {names} beside its language model, of a head that is not read",
            "set {ignore_extra_heads}",
            ignore_extra_heads=True,
        )


def expected_shapes(file: Path, config: GPTConfig, max_tensors: int) -> dict[str, Shape]:
    """Return the config's tensor shapes; raise FormatError if there are more than `max_tensors`."""
    try:
        return config.parameter_shapes(max_tensors)
    except MicrogptError as error:
        raise FormatError(f"{file} does not hold a whole model: {error}") from None


def gpt2_config(file: Path, **fields: Any) -> GPTConfig:
    """Return a GPT-2 config with these fields, which come from `file`."""
    try:
        return GPTConfig.preset("gpt2-124M", **fields)
    except MicrogptError as error:
        raise FormatError(f"{file} does not describe a GPT-2: {error!s:.300}") from None


def select_fields(
    file: Path, content: dict[str, Any], their_names: dict[str, str]
) -> dict[str, Any]:
    """Return the JSON entries listed in `their_names` (our name -> theirs), by our names."""
    missing = [theirs for theirs in their_names.values() if theirs not in content]
    if missing:
        raise FormatError(f"{file} must have {', '.join(missing)}; it does not")
    return {ours: content[theirs] for ours, theirs in their_names.items()}


def infer_gpt2_config(
    file: Path, shapes: dict[str, Shape], n_layer: int, n_head: int | None
) -> GPTConfig:
    """Return the GPT-2 config with these embedding shapes and `n_head` heads (or of size 64)."""
    embeddings = [shapes.get(name, ()) for name in ("wte.weight", "wpe.weight")]
    if any(len(shape) != 2 for shape in embeddings):
        raise FormatError(
            f"{file} must hold the embeddings wte.weight and wpe.weight of a GPT-2, each of two "
            f"axes; got shapes {embeddings[0]} and {embeddings[1]}"
        )
    (vocab_size, n_embd), (block_size, _) = embeddings
    if n_head is None and n_embd % HEAD_DIM:
        raise FormatError(
            f"{file} does not say how many heads its model has, and {n_embd} is not a multiple of "
            f"the usual {HEAD_DIM}",
            ("give {n_head}", "put its config.json or hparams.json beside it"),
        )
    return gpt2_config(
        file,
        vocab_size=vocab_size,
        block_size=block_size,
        n_layer=n_layer,
        n_head=n_embd // HEAD_DIM if n_head is None else n_head,
        n_embd=n_embd,
    )

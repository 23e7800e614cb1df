"""Read llm.c's debug state: a batch, and a model's logits, loss and gradients on it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.llmc.header import HEADER_BYTES, STATE_MAGIC, read_array, read_header
from microgpt.pretrained.llmc.model_file import TensorLayout
from microgpt.pretrained.llmc.model_writer import pad_vocab_size

VERSIONS = (1, 2)
PADDED_VERSION = 2


@dataclass(frozen=True)
class DebugState:
    """A debug state: tokens and targets (B, T), logits (B, T, V), the loss and the gradients.

    `read_gradient(name, array)` fills a float32 array with the gradient of the parameter that we
    call `name`.
    """

    file: Path
    tokens: np.ndarray
    targets: np.ndarray
    logits: np.ndarray
    loss: float
    read_gradient: Callable[[str, np.ndarray], None]


def read_batch(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read the tokens and targets (B, T) of a debug state, without knowing its model's config."""
    file = Path(path)
    B, T = _batch_shape(file)
    size, end = file.stat().st_size, HEADER_BYTES + 8 * B * T
    if size < end:
        raise FormatError(
            f"{file} is cut short: {B} × {T} tokens and targets end after {end:,} bytes; found "
            f"{size:,}. Copy or write it again"
        )
    tokens, targets = read_array(file, HEADER_BYTES, (2, B, T), "<i4")
    return tokens, targets


def read_state(path: str | Path, config: GPTConfig) -> DebugState:
    """Read a debug state of version 1 or 2 that a model with this config made."""
    file = Path(path)
    B, T = _batch_shape(file)
    V, version = config.vocab_size, read_header(file, STATE_MAGIC, VERSIONS)[1]
    padded_vocab_size = pad_vocab_size(V) if version == PADDED_VERSION else V
    logits_offset = HEADER_BYTES + 8 * B * T
    loss_offset = logits_offset + 4 * B * T * V
    gradients = TensorLayout(file, config, padded_vocab_size, "float32", loss_offset + 4)
    expected, size = gradients.start + gradients.nbytes, file.stat().st_size
    if expected != size:
        raise FormatError(
            f"{file} does not fit the model: with vocab_size {V}, block_size {config.block_size}, "
            f"n_layer {config.n_layer} and n_embd {config.n_embd}, a state of version {version} "
            f"and {B} × {T} tokens takes {expected:,} bytes; found {size:,}. It is cut short, or "
            "another model made it"
        )
    if config.block_size < T:
        raise FormatError(
            f"{file} has texts of {T:,} tokens, and the model's block_size is "
            f"{config.block_size:,}: they do not belong together"
        )
    tokens, targets = read_batch(file)
    for name, ids, minimum in (("tokens", tokens, 0), ("targets", targets, -1)):
        if ids.min() < minimum or ids.max() >= V:
            raise FormatError(
                f"{file} must have {name} from {minimum} to {V - 1:,}, the model's vocabulary; "
                f"found {ids.min():,} to {ids.max():,}"
            )
    logits = read_array(file, logits_offset, (B, T, V), "<f4")
    loss = read_array(file, loss_offset, (1,), "<f4")
    return DebugState(file, tokens, targets, logits, float(loss[0]), gradients.read_into)


def _batch_shape(file: Path) -> tuple[int, int]:
    B, T = read_header(file, STATE_MAGIC, VERSIONS)[2:4]
    if B < 1 or T < 1:
        raise FormatError(
            f"{file} must have a batch of 1 × 1 tokens or more in its header; found {B} × {T}"
        )
    return B, T

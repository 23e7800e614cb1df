"""llm.c's debug state: a batch, and what a model made of it: logits, loss and every gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.llmc.header import BYTES, STATE_MAGIC, read_header, read_numbers
from microgpt.pretrained.llmc.layout import Tensors, count, padded

VERSIONS = (1, 2)
PADDED = 2


@dataclass(frozen=True)
class DebugState:
    """What a debug state holds: tokens and targets (B, T), logits (B, T, V), and the loss.

    `read_gradient(name, array)` fills a float32 array with the gradient of our name.
    """

    file: Path
    tokens: np.ndarray
    targets: np.ndarray
    logits: np.ndarray
    loss: float
    read_gradient: Callable[[str, np.ndarray], None]


def read_batch(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Only the tokens and targets (B, T) of a debug state, of whatever model."""
    file = Path(path)
    B, T = _sizes(file)
    found, least = file.stat().st_size, BYTES + 8 * B * T
    if found < least:
        raise FormatError(
            f"{file} is cut short: {B} × {T} tokens and targets end after {least:,} bytes; found "
            f"{found:,}. Copy or write it again"
        )
    tokens, targets = read_numbers(file, BYTES, (2, B, T), "<i4")
    return tokens, targets


def read_state(path: str | Path, config: GPTConfig) -> DebugState:
    """A debug state of version 1 or 2 that a model of this configuration made."""
    file = Path(path)
    B, T = _sizes(file)
    V, version = config.vocab_size, read_header(file, STATE_MAGIC, VERSIONS)[1]
    rows = padded(V) if version == PADDED else V
    loss_at = BYTES + 4 * (2 * B * T + B * T * V)
    expected, found = loss_at + 4 + 4 * count(config, rows), file.stat().st_size
    if expected != found:
        raise FormatError(
            f"{file} does not fit the model: with vocab_size {V}, block_size {config.block_size}, "
            f"n_layer {config.n_layer} and n_embd {config.n_embd}, a state of version {version} "
            f"and {B} × {T} tokens takes {expected:,} bytes; found {found:,}. It is cut short, or "
            "another model made it"
        )
    if config.block_size < T:
        raise FormatError(
            f"{file} has texts of {T:,} tokens, and the model's block_size is "
            f"{config.block_size:,}: they do not belong together"
        )
    tokens, targets = read_batch(file)
    for name, ids, least in (("tokens", tokens, 0), ("targets", targets, -1)):
        if ids.min() < least or ids.max() >= V:
            raise FormatError(
                f"{file} must have {name} from {least} to {V - 1:,}, the model's vocabulary; found "
                f"{ids.min():,} to {ids.max():,}"
            )
    logits = read_numbers(file, BYTES + 8 * B * T, (B, T, V), "<f4")
    loss = read_numbers(file, loss_at, (1,), "<f4")
    gradients = Tensors(file, config, rows, False, loss_at + 4)
    return DebugState(file, tokens, targets, logits, float(loss[0]), gradients.reader())


def _sizes(file: Path) -> tuple[int, int]:
    header = read_header(file, STATE_MAGIC, VERSIONS)
    B, T = header[2:4]
    if B < 1 or T < 1:
        raise FormatError(
            f"{file} must have a batch of 1 × 1 tokens or more in its header; found {B} × {T}"
        )
    return B, T

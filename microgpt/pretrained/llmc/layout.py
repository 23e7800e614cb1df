"""Where each weight of a GPT-2 lies in llm.c's files, and how its bytes become float32.

Tensors come in our own order, except that each kind stands for all layers in turn. In padded
files the rows of `wte` go on with zeros, which are no part of the model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.tensor_slice import TensorSlice

PIECE = 2**18  # numbers written at a time: 1 MiB of float32
ROWS = 128  # padding fills the vocabulary up to a multiple of this


def padded(vocab_size: int) -> int:
    """How many rows `wte` has in a padded file."""
    return -(-vocab_size // ROWS) * ROWS


def count(config: GPTConfig, rows: int) -> int:
    """How many numbers the tensors are, with `rows` rows in `wte`; takes no memory."""
    C = config.n_embd
    layer = 12 * C * C + 13 * C
    return (rows + config.block_size + 2) * C + config.n_layer * layer


def order(config: GPTConfig) -> list[str]:
    """Our names in the order of the file."""
    first = "h.0."
    shapes = config.parameter_shapes()
    kinds = [name.removeprefix(first) for name in shapes if name.startswith(first)]
    layers = [f"h.{layer}.{kind}" for kind in kinds for layer in range(config.n_layer)]
    return ["wte.weight", "wpe.weight", *layers, "ln_f.weight", "ln_f.bias"]


@dataclass(frozen=True)
class Tensors:
    """The tensors of one model in a file, from byte `start` on.

    `rows` are those of `wte` with its padding; `brief` means bfloat16 instead of float32.
    """

    file: Path
    config: GPTConfig
    rows: int
    brief: bool
    start: int

    def places(self) -> dict[str, int]:
        """The byte where each tensor begins, by name."""
        places, next_one = {}, self.start
        shapes = self.config.parameter_shapes()
        for name in order(self.config):
            places[name] = next_one
            numbers = int(np.prod(shapes[name]))
            if name == "wte.weight":
                numbers = self.rows * self.config.n_embd
            next_one += numbers * self.item_size
        return places

    @property
    def item_size(self) -> int:
        """Bytes a number takes."""
        return 2 if self.brief else 4

    def reader(self) -> Callable[[str, np.ndarray], None]:
        """A function that fills a float32 array with the tensor of a name."""
        places, shapes = self.places(), self.config.parameter_shapes()
        dtype = "bfloat16" if self.brief else "float32"

        def read_into(name: str, array: np.ndarray) -> None:
            tensor = TensorSlice(self.file, places[name], shapes[name], dtype)
            tensor.read_into(array)
            if name == "wte.weight":
                V, C = shapes[name]
                end = tensor.offset + tensor.size
                self._check_padding(TensorSlice(self.file, end, (self.rows - V, C), dtype))

        return read_into

    def _check_padding(self, padding: TensorSlice) -> None:
        if any(piece.any() for piece in padding.pieces()):
            raise FormatError(
                f"{self.file} must have zeros in rows {self.config.vocab_size:,} to "
                f"{self.rows - 1:,} of wte, which only pad it; found other numbers, so its "
                "vocab_size or its layout is not what the header says"
            )


def bfloat16(numbers: np.ndarray) -> np.ndarray:
    """The bits of float32 numbers rounded to bfloat16, halfway cases to even; NaN stays NaN."""
    bits = numbers.view(np.uint32)
    upper = bits >> 16
    rounded = (bits + np.uint32(0x7FFF) + (upper & 1)) >> 16
    is_nan = (bits & 0x7FFFFFFF) > 0x7F800000
    return np.where(is_nan, upper | 0x40, rounded).astype(np.uint16)


def write_numbers(stream: BinaryIO, numbers: np.ndarray, brief: bool) -> None:
    """Write an array as float32 or bfloat16, in pieces."""
    flat = numbers.reshape(-1)
    for start in range(0, len(flat), PIECE):
        part = flat[start : start + PIECE].astype(np.float32, copy=False)
        stream.write((bfloat16(part) if brief else part).data)


def write_zeros(stream: BinaryIO, numbers: int, brief: bool) -> None:
    """Write the padding."""
    stream.write(bytes(numbers * (2 if brief else 4)))

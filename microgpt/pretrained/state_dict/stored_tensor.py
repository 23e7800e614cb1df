"""`StoredTensor`: one of our tensors in a state dict, and in which order its axes are stored."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from microgpt.errors import FormatError
from microgpt.pretrained.tensor_slice import TensorSlice
from microgpt.pretrained.weight_source import Shape

# The matrices of a block that cannot be square, and their ratio of outputs to inputs.
_NOT_SQUARE = re.compile(r"h\.\d+\.(attn\.c_attn|mlp\.c_fc|mlp\.c_proj)\.weight")
_RATIOS = {"attn.c_attn": (3, 1), "mlp.c_fc": (4, 1), "mlp.c_proj": (1, 4)}


@dataclass(frozen=True)
class StoredTensor:
    """A tensor of ours as slices of a file whose rows follow each other, or as its transpose."""

    slices: tuple[TensorSlice, ...]
    transposed: bool = False

    @property
    def shape(self) -> Shape:
        """The shape of ours: a matrix is (out, in)."""
        first = self.slices[0].shape
        if self.transposed:
            return first[::-1]
        return first if len(self.slices) == 1 else (first[0] * len(self.slices), *first[1:])

    def read_into(self, array: np.ndarray) -> None:
        """Fill a float32 array of that shape, or with the first rows if it has fewer."""
        parts = [array] if len(self.slices) == 1 else np.split(array, len(self.slices))
        for tensor, part in zip(self.slices, parts, strict=True):
            tensor.read_into(part, self.transposed)


def join_thirds(file: Path, name: str, thirds: Mapping[int, TensorSlice]) -> StoredTensor:
    """Return queries, keys and values, which must have one shape, as one tensor."""
    shapes = {third.shape for third in thirds.values()}
    if len(thirds) != 3 or len(shapes) != 1 or not next(iter(shapes)):
        raise FormatError(
            f"{file} must hold queries, keys and values of one shape for {name}; got "
            f"{len(thirds)} of shapes {', '.join(map(str, shapes))}"
        )
    return StoredTensor(tuple(thirds[index] for index in range(3)))


def stores_transposes(
    file: Path, slices: Mapping[str, TensorSlice], labels: Mapping[str, str]
) -> bool:
    """Whether the matrices of blocks are (in, out), as in Hugging Face's files.

    nanoGPT has the same names and stores (out, in). A square matrix looks the same either way, so
    the matrices that cannot be square decide for all; raises FormatError unless they agree.
    """
    found: dict[bool, str] = {}
    for name, tensor in slices.items():
        if (match := _NOT_SQUARE.fullmatch(name)) and len(tensor.shape) == 2:
            (rows, columns), (outputs, inputs) = tensor.shape, _RATIOS[match[1]]
            if rows * inputs == columns * outputs:
                found.setdefault(False, name)
            elif rows * outputs == columns * inputs:
                found.setdefault(True, name)
    if len(found) == 2:
        raise FormatError(
            f"{file} stores {labels[found[True]]:.100} as (in, out) and "
            f"{labels[found[False]]:.100} as (out, in); all matrices must be stored in one way"
        )
    return False not in found

"""Read llm.c's model files: a header of 256 int32, then GPT-2's weights.

llm.c and its ports read these files. Version 1 holds float32. Version 3 holds float32 with `wte`
padded with rows of zeros to a multiple of 128; version 5 is the same in bfloat16. Tensors come in
our order, except that those of the blocks are grouped by name: `ln_1.weight` of all layers, then
`ln_1.bias` of all layers, and so on. `open_model` reads the header and says where each weight
stands; `load_pretrained` (`pretrained/loading.py`) has `build_model` make the GPT from that.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.llmc.header import (
    HEADER_BYTES,
    MODEL_MAGIC,
    check_file_size,
    read_header,
)
from microgpt.pretrained.tensor_slice import FLOAT_DTYPES, TensorSlice
from microgpt.pretrained.weight_source import WeightSource, gpt2_config

VERSIONS = (1, 3, 5)
PADDED_VERSIONS = (3, 5)
BFLOAT16_VERSION = 5

# Header fields after magic number and version; padded versions add the padded vocabulary size.
HEADER_FIELDS = ("block_size", "vocab_size", "n_layer", "n_head", "n_embd")


def open_model(path: str | Path, n_head: int | None = None) -> WeightSource:
    """Return the WeightSource of a model file, after checking its header and size.

    Padding is dropped; bfloat16 is converted to float32 exactly. `n_head` is not used, since the
    header gives it.
    """
    layout = read_layout(path)
    shapes = layout.config.parameter_shapes()
    return WeightSource(layout.file, layout.config, shapes, {}, layout.read_into)


def read_layout(path: str | Path) -> "TensorLayout":
    """Read the config in a model file's header, and compute the offsets of its tensors."""
    file = Path(path)
    header = read_header(file, MODEL_MAGIC, VERSIONS)
    version, sizes = header[1], dict(zip(HEADER_FIELDS, header[2:7], strict=True))
    for name, size in sizes.items():
        if size < 1:
            raise FormatError(f"{file} must have {name} of 1 or more in its header; found {size}")
    is_padded, vocab_size = version in PADDED_VERSIONS, sizes["vocab_size"]
    padded_vocab_size = header[7] if is_padded else vocab_size
    if padded_vocab_size < vocab_size:
        raise FormatError(
            f"{file} must have a padded vocabulary of at least its {vocab_size:,} tokens in its "
            f"header; found {padded_vocab_size:,}"
        )
    config = gpt2_config(file, **sizes)
    dtype = "bfloat16" if version == BFLOAT16_VERSION else "float32"
    layout = TensorLayout(file, config, padded_vocab_size, dtype, HEADER_BYTES)
    content = (
        f"version {version} with {', '.join(f'{name} {size}' for name, size in sizes.items())}"
        f"{f', padded to {padded_vocab_size}' if is_padded else ''}"
    )
    check_file_size(file, HEADER_BYTES + layout.nbytes, content)
    return layout


def tensor_order(config: GPTConfig) -> list[str]:
    """Return our tensor names in the order of the file."""
    shapes, prefix = config.parameter_shapes(), "h.0."
    in_block = [name.removeprefix(prefix) for name in shapes if name.startswith(prefix)]
    blocks = [f"h.{layer}.{name}" for name in in_block for layer in range(config.n_layer)]
    return ["wte.weight", "wpe.weight", *blocks, "ln_f.weight", "ln_f.bias"]


@dataclass(frozen=True)
class TensorLayout:
    """The offsets of a model's tensors, or of their gradients, in a file, from `start` on."""

    file: Path
    config: GPTConfig
    padded_vocab_size: int
    dtype: str
    start: int

    @property
    def nbytes(self) -> int:
        """The bytes of all tensors, in closed form: a damaged header may give any n_layer."""
        C = self.config.n_embd
        in_block = 12 * C * C + 13 * C
        outside = (self.padded_vocab_size + self.config.block_size + 2) * C
        return (outside + self.config.n_layer * in_block) * self._itemsize

    @property
    def _itemsize(self) -> int:
        return np.dtype(FLOAT_DTYPES[self.dtype]).itemsize

    @cached_property
    def slices(self) -> dict[str, TensorSlice]:
        """Each tensor's slice of the file, by name; `wte` without its padding."""
        slices, offset = {}, self.start
        shapes = self.config.parameter_shapes()
        for name in tensor_order(self.config):
            slices[name] = TensorSlice(self.file, offset, shapes[name], self.dtype)
            offset += slices[name].nbytes
            if name == "wte.weight":
                offset += self._padding(slices[name]).nbytes
        return slices

    def read_into(self, name: str, array: np.ndarray) -> None:
        """Fill a float32 array with the tensor of that name."""
        tensor = self.slices[name]
        tensor.read_into(array)
        if name == "wte.weight":
            self._check_zeros(self._padding(tensor))

    def _padding(self, wte: TensorSlice) -> TensorSlice:
        V, C = wte.shape
        shape = (self.padded_vocab_size - V, C)
        return TensorSlice(self.file, wte.offset + wte.nbytes, shape, self.dtype)

    def _check_zeros(self, padding: TensorSlice) -> None:
        if any(block.any() for block in padding.blocks()):
            raise FormatError(
                f"{self.file} must have zeros in rows {self.config.vocab_size:,} to "
                f"{self.padded_vocab_size - 1:,} of wte, which only pad it; found other numbers, "
                "so its vocab_size or its layout is not what the header says"
            )

"""llm.c's model files: GPT-2's weights behind a header, as llm.c and its kin in C read them.

Version 1 is float32, version 3 float32 with `wte` padded to a multiple of 128 rows, version 5 the
same in bfloat16.
"""

from dataclasses import replace
from pathlib import Path

from microgpt.backends import LOCK
from microgpt.config import GPTConfig
from microgpt.config.checks import known
from microgpt.errors import FormatError, SettingError, ShapeError
from microgpt.models.gpt import GPT
from microgpt.pretrained.gpt2_check import check_gpt2_config, gpt2_state_dict
from microgpt.pretrained.llmc.header import (
    BYTES,
    MODEL_MAGIC,
    read_header,
    require_size,
    writing_file,
)
from microgpt.pretrained.llmc.layout import (
    Tensors,
    count,
    order,
    padded,
    write_numbers,
    write_zeros,
)
from microgpt.pretrained.llmc.tokenizer_file import (
    TokenizerFile,
    read_tokenizer,
    write_tokenizer,
)
from microgpt.pretrained.weight_source import WeightSource

VERSIONS = (1, 3, 5)
PADDED = (3, 5)
BFLOAT16 = 5

# The places of the header after magic number and version.
_FIELDS = ("block_size", "vocab_size", "n_layer", "n_head", "n_embd")

__all__ = [
    "VERSIONS",
    "TokenizerFile",
    "open_model",
    "read_tokenizer",
    "tensors_of",
    "write_model",
    "write_tokenizer",
]


def open_model(path: str | Path) -> WeightSource:
    """What a model file of version 1, 3 or 5 holds, once its header and its size are checked.

    Reading takes no more memory than the weights and one piece of the file; padding is left out.
    bfloat16 becomes float32, exactly.
    """
    tensors = tensors_of(path)
    shapes = tensors.config.parameter_shapes()
    return WeightSource(tensors.file, tensors.config, shapes, {}, tensors.reader())


def tensors_of(path: str | Path) -> Tensors:
    """The configuration of a model file and where its tensors lie."""
    file = Path(path)
    header = read_header(file, MODEL_MAGIC, VERSIONS)
    version, sizes = header[1], dict(zip(_FIELDS, header[2:7], strict=True))
    for name, size in sizes.items():
        if size < 1:
            raise FormatError(f"{file} must have {name} of 1 or more in its header; found {size}")
    vocab_size = sizes["vocab_size"]
    rows = header[7] if version in PADDED else vocab_size
    if rows < vocab_size:
        raise FormatError(
            f"{file} must have a padded vocabulary of at least its {vocab_size:,} tokens in its "
            f"header; found {rows:,}"
        )
    try:
        config = GPTConfig.preset("gpt2-124M", **sizes)
    except (SettingError, ShapeError) as error:
        raise FormatError(f"{file} does not describe a GPT-2: {error}") from None
    tensors = Tensors(file, config, rows, version == BFLOAT16, BYTES)
    what = (
        f"version {version} with {', '.join(f'{name} {size}' for name, size in sizes.items())}"
        f"{f', padded to {rows}' if version in PADDED else ''}"
    )
    require_size(file, BYTES + count(config, rows) * tensors.item_size, what)
    return tensors


def write_model(path: str | Path, model: GPT, version: int = 3) -> Path:
    """Write a model built as GPT-2 is into a file that llm.c reads; the file's path.

    Versions 1 and 3 hold float32, 5 bfloat16: numbers are rounded to the nearest, halfway to even,
    float64 first to float32 and from there to bfloat16. 3 and 5 pad `wte` with rows of zeros, and
    biases that the model does not have are zeros. Written in pieces, and replaced only once the new
    file is complete.
    """
    known("version", version, VERSIONS)
    if not isinstance(model, GPT):
        raise SettingError(f"write_model takes a GPT; got {type(model).__name__}")
    config = model.config
    check_gpt2_config(config)
    rows = padded(config.vocab_size) if version in PADDED else config.vocab_size
    sizes = [getattr(config, name) for name in _FIELDS]
    if version in PADDED:
        sizes.append(rows)
    weights, brief = gpt2_state_dict(model), version == BFLOAT16
    with LOCK, writing_file(path, MODEL_MAGIC, version, *sizes) as stream:
        for name in order(replace(config, qkv_bias=None)):
            write_numbers(stream, weights[name], brief)
            if name == "wte.weight":
                write_zeros(stream, (rows - config.vocab_size) * config.n_embd, brief)
    return Path(path)

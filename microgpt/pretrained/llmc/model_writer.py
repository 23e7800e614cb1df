"""Write llm.c's model files: `write_model` and vocabulary padding."""

from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from microgpt.backends import LOCK
from microgpt.backends.bfloat16 import to_bfloat16
from microgpt.config.checks import check_choice
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.pretrained.gpt2_layout import check_gpt2_config, gpt2_state_dict
from microgpt.pretrained.llmc.header import MODEL_MAGIC, atomic_write_with_header
from microgpt.pretrained.llmc.model_file import (
    BFLOAT16_VERSION,
    HEADER_FIELDS,
    PADDED_VERSIONS,
    VERSIONS,
    tensor_order,
)

BLOCK_SIZE = 2**18  # numbers converted at a time: 1 MiB of float32
VOCAB_MULTIPLE = 128  # the vocabulary is padded to a multiple of this


def write_model(path: str | Path, model: GPT, version: int = 3) -> Path:
    """Write a GPT-2 to a model file that llm.c reads, and return the path.

    Versions 1 and 3 hold float32; version 5 holds bfloat16, rounded to nearest, ties to even.
    float64 is rounded to float32 first. Versions 3 and 5 pad `wte` with rows of zeros. Biases that
    the model lacks are written as zeros. An existing file is replaced only once the new one is
    complete.
    """
    check_choice("version", version, VERSIONS)
    if not isinstance(model, GPT):
        raise SettingError("model", "a GPT", type(model))
    config = model.config
    check_gpt2_config(config)
    fields = [getattr(config, name) for name in HEADER_FIELDS]
    padding_rows = 0
    if version in PADDED_VERSIONS:
        fields.append(pad_vocab_size(config.vocab_size))
        padding_rows = fields[-1] - config.vocab_size
    weights, is_bfloat16 = gpt2_state_dict(model), version == BFLOAT16_VERSION
    with LOCK, atomic_write_with_header(path, MODEL_MAGIC, version, *fields) as stream:
        for name in tensor_order(replace(config, qkv_bias=None)):
            _write_array(stream, weights[name], is_bfloat16)
            if name == "wte.weight":
                stream.write(bytes(padding_rows * config.n_embd * (2 if is_bfloat16 else 4)))
    return Path(path)


def pad_vocab_size(vocab_size: int) -> int:
    """Return the number of rows of `wte` in a padded file."""
    return -(-vocab_size // VOCAB_MULTIPLE) * VOCAB_MULTIPLE


def _write_array(stream: BinaryIO, array: np.ndarray, is_bfloat16: bool) -> None:
    """Write an array as float32 or bfloat16, block by block."""
    flat = array.reshape(-1)
    for start in range(0, len(flat), BLOCK_SIZE):
        block = flat[start : start + BLOCK_SIZE].astype(np.float32, copy=False)
        stream.write((to_bfloat16(block) if is_bfloat16 else block).data)

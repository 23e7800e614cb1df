"""`save_pretrained`: a GPT-2 of ours in the files of other programs."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from microgpt._io.atomic_write import expand_user
from microgpt.backends import LOCK
from microgpt.checkpoints import prepare, write_tensors, atomic_write
from microgpt.checkpoints.checkpoint import KEY
from microgpt.config import GPTConfig
from microgpt.config.checks import known
from microgpt.errors import FormatError, NotWritable, SettingError
from microgpt.models.gpt import GPT
from microgpt.pretrained import tokenizer_files
from microgpt.pretrained.gpt2_check import check_gpt2_config, gpt2_state_dict
from microgpt.pretrained.huggingface import config, safetensors_file, weights
from microgpt.pretrained.llmc import model_file, tokenizer_file
from microgpt.tokenizers import GPT2_PATTERN, Tokenizer

FORMATS = ("huggingface", "llmc")
LLMC_MODEL = "model.bin"


def save_pretrained(
    path: str | os.PathLike,
    model: GPT,
    tokenizer: Tokenizer | None = None,
    format: str = "huggingface",
) -> Path:
    """Write a model in the shape of GPT-2, and its byte-pair tokenizer, for other programs.

    "huggingface": a folder with model.safetensors and config.json, vocab.json and merges.txt, as
    transformers loads it. "llmc": a model file of llm.c's version 3 (`path` if it ends in .bin,
    else model.bin in that folder) and gpt2_tokenizer.bin beside it. Without a tokenizer, a folder
    with the files of one is refused. float64 weights are rounded to float32. Returns the folder, or
    the model's file; what is refused is refused before anything is written.
    """
    known("format", format, FORMATS)
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise SettingError(f"a path to write to is a text or a Path; got {path!r:.100}")
    if not isinstance(model, GPT):
        raise SettingError(f"a GPT can be written; got {type(model).__name__}")
    check_gpt2_config(model.config)
    if tokenizer is not None:
        _require_byte_pairs(tokenizer, model.config)
    write = _write_llmc if format == "llmc" else _write_huggingface
    return write(expand_user(path), model, tokenizer)


def is_byte_pair(tokenizer: Any) -> bool:
    """Whether it is a tokenizer that other programs' files can hold."""
    return hasattr(tokenizer, "token_bytes")


def _require_byte_pairs(tokenizer: Any, config: GPTConfig) -> None:
    if not is_byte_pair(tokenizer):
        raise SettingError(
            "other programs' files hold byte-pair tokenizers; got a "
            f"{type(tokenizer).__name__}: leave it out (tokenizer=None) to write the weights alone"
        )
    if tokenizer.vocab_size != config.vocab_size:
        raise SettingError(
            f"the tokenizer has {tokenizer.vocab_size:,} tokens, the model {config.vocab_size:,}; "
            "give the one that it was trained with"
        )


def _write_huggingface(folder: Path, model: GPT, tokenizer: Tokenizer | None) -> Path:
    if folder.suffix == ".safetensors":
        raise SettingError(f"Hugging Face's files need a folder; got the file name {folder}")
    if tokenizer is not None and (pattern := getattr(tokenizer, "pattern", None)) != GPT2_PATTERN:
        raise SettingError(
            "Hugging Face's files do not say how a text is split, and are read with GPT-2's "
            f"pattern; the tokenizer's is {pattern!r:.80}: leave it out (tokenizer=None) to write "
            "the weights alone, or keep the model with `save`"
        )
    texts = {} if tokenizer is None else tokenizer_files.files(tokenizer)
    _refuse_left_over(folder, tokenizer)
    weights = prepare(folder)
    if weights.is_file() and _is_own(weights):
        raise NotWritable(
            f"{weights} is a checkpoint of microgpt, which holds more than the new file would; "
            "choose another folder"
        )
    with atomic_write(weights) as stream, LOCK:
        write_tensors(stream, dict(_tensors(model)), {"format": "pt"})
    eos_token_id = None if tokenizer is None else tokenizer.eos_token_id
    described = config.description(model.config, eos_token_id)
    texts[config.FILE] = json.dumps(described, indent=2, sort_keys=True) + "\n"
    for name, text in texts.items():
        with atomic_write(folder / name) as stream:
            stream.write(text.encode())
    return folder


def _tensors(model: GPT) -> list[tuple[str, np.ndarray]]:
    """The weights as Hugging Face lays them out: matrices of blocks (in, out), views of ours."""
    found = []
    for name, weight in gpt2_state_dict(model).items():
        array = weight.astype(np.float32, copy=False)
        turned = weights.is_conv1d(name)
        found.append((weights.PREFIX + name, array.T if turned else array))
    return found


def _is_own(file: Path) -> bool:
    try:
        return KEY in safetensors_file.metadata(file)
    except FormatError:
        return False


def _write_llmc(path: Path, model: GPT, tokenizer: Tokenizer | None) -> Path:
    if path.suffix == ".safetensors" or path.name == tokenizer_file.FILE:
        raise SettingError(f"llm.c's model needs a folder, or a file named NAME.bin; got {path}")
    if tokenizer is not None:
        tokenizer_file.contents(tokenizer)
    file = path if path.suffix == ".bin" else path / LLMC_MODEL
    _refuse_left_over(file.parent, tokenizer)
    if file != path:
        prepare(path)
    model_file.write_model(file, model, version=3)
    if tokenizer is not None:
        model_file.write_tokenizer(file.with_name(tokenizer_file.FILE), tokenizer)
    return file


def _refuse_left_over(folder: Path, tokenizer: Tokenizer | None) -> None:
    """A model without a tokenizer must not be read with that of another one."""
    names = [file.name for file in tokenizer_files.left_over(folder)] if tokenizer is None else []
    if names:
        raise NotWritable(
            f"{folder} has {', '.join(names)}, which would be taken for the tokenizer of this "
            "model, and it comes without one; delete them, or choose another folder"
        )

"""`save_pretrained`: export a GPT-2 to Hugging Face's or llm.c's files."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from microgpt._io.atomic_write import atomic_write
from microgpt._io.paths import expand_user
from microgpt.backends import LOCK
from microgpt.checkpoints import ensure_writable, write_safetensors
from microgpt.checkpoints.checkpoint import CHECKPOINT_KEY
from microgpt.checkpoints.safetensors_header import read_metadata
from microgpt.config import GPTConfig
from microgpt.config.checks import check_choice
from microgpt.errors import Described, FormatError, NotWritable, SettingError, SizeError, shorten
from microgpt.models.gpt import GPT
from microgpt.pretrained import tokenizer_files
from microgpt.pretrained.gpt2_layout import check_gpt2_config, gpt2_state_dict, is_conv1d
from microgpt.pretrained.huggingface.config import CONFIG_FILE, to_config_json
from microgpt.pretrained.llmc import model_writer, tokenizer_file
from microgpt.tokenizers import GPT2_PATTERN, Tokenizer, is_byte_pair

FORMATS = ("huggingface", "llmc")
LLMC_MODEL_FILE = "model.bin"
PREFIX = "transformer."  # of the weights' names in Hugging Face's files


def save_pretrained(
    path: str | os.PathLike,
    model: GPT,
    tokenizer: Tokenizer | None = None,
    format: str = "huggingface",
) -> Path:
    """Export a GPT-2, and its byte-pair tokenizer, to another program's files; return the path.

    "huggingface" writes a folder with model.safetensors, config.json, vocab.json and merges.txt, as
    transformers loads it. "llmc" writes a model file of llm.c's version 3 (`path` if it ends in
    .bin, else model.bin in that folder), with gpt2_tokenizer.bin beside it. Without a tokenizer,
    raises NotWritable if the folder has tokenizer files. float64 weights are rounded to float32.
    The arguments are checked before anything is written.
    """
    check_choice("format", format, FORMATS)
    if not isinstance(path, str | os.PathLike) or not str(path):
        raise SettingError("path", "a string or a Path", path)
    if not isinstance(model, GPT):
        raise SettingError("model", "a GPT", type(model))
    check_gpt2_config(model.config)
    if tokenizer is not None:
        _check_tokenizer(tokenizer, model.config)
    write = _write_llmc if format == "llmc" else _write_huggingface
    return write(expand_user(path), model, tokenizer)


def _check_tokenizer(tokenizer: Any, config: GPTConfig) -> None:
    if not is_byte_pair(tokenizer):
        raise SettingError(
            "tokenizer",
            "of byte pairs, for the files of other programs",
            type(tokenizer),
            "write the weights alone with {tokenizer}",
            tokenizer=None,
        )
    if tokenizer.vocab_size != config.vocab_size:
        raise SizeError(
            "tokenizer",
            f"one of the model's {config.vocab_size:,} tokens",
            Described(f"{tokenizer.vocab_size:,} tokens"),
            "give the one that it was trained with",
        )


def _write_huggingface(folder: Path, model: GPT, tokenizer: Tokenizer | None) -> Path:
    if folder.suffix == ".safetensors":
        raise SettingError("path", "a folder for Hugging Face's files", Described(str(folder)))
    if tokenizer is not None and (pattern := getattr(tokenizer, "pattern", None)) != GPT2_PATTERN:
        raise SettingError(
            "tokenizer",
            "one that splits texts with GPT-2's pattern, the only one that Hugging Face's files "
            "are read with",
            Described(shorten(repr(pattern))),
            "write the weights alone with {tokenizer}",
            tokenizer=None,
        )
    texts = {} if tokenizer is None else tokenizer_files.file_contents(tokenizer)
    _check_no_other_tokenizer(folder, tokenizer)
    file = ensure_writable(folder)
    if file.is_file() and _is_own_checkpoint(file):
        raise NotWritable(
            f"{file} is a checkpoint of microgpt, which holds more than the new file would; "
            "choose another folder"
        )
    with atomic_write(file) as stream, LOCK:
        write_safetensors(stream, _huggingface_state_dict(model), {"format": "pt"})
    content = to_config_json(model.config, tokenizer)
    texts[CONFIG_FILE] = json.dumps(content, indent=2, sort_keys=True) + "\n"
    for name, text in texts.items():
        with atomic_write(folder / name) as stream:
            stream.write(text.encode())
    return folder


def _huggingface_state_dict(model: GPT) -> dict[str, np.ndarray]:
    """Return the weights under Hugging Face's names, those of Conv1D layers as transposed views."""
    arrays = {}
    for name, weight in gpt2_state_dict(model).items():
        array = weight.astype(np.float32, copy=False)
        arrays[PREFIX + name] = array.T if is_conv1d(name) else array
    return arrays


def _is_own_checkpoint(file: Path) -> bool:
    try:
        return CHECKPOINT_KEY in read_metadata(file)
    except FormatError:
        return False


def _write_llmc(path: Path, model: GPT, tokenizer: Tokenizer | None) -> Path:
    if path.suffix == ".safetensors" or path.name == tokenizer_file.TOKENIZER_FILE:
        raise SettingError(
            "path", "a folder, or a file named NAME.bin, for llm.c", Described(str(path))
        )
    if tokenizer is not None:
        tokenizer_file.tokenizer_contents(tokenizer)
    file = path if path.suffix == ".bin" else path / LLMC_MODEL_FILE
    _check_no_other_tokenizer(file.parent, tokenizer)
    if file != path:
        ensure_writable(path)
    model_writer.write_model(file, model, version=3)
    if tokenizer is not None:
        tokenizer_file.write_tokenizer(file.with_name(tokenizer_file.TOKENIZER_FILE), tokenizer)
    return file


def _check_no_other_tokenizer(folder: Path, tokenizer: Tokenizer | None) -> None:
    """Raise NotWritable if a model without a tokenizer would be loaded with one from the folder."""
    if tokenizer is not None:
        return
    names = [file.name for file in tokenizer_files.existing_files(folder)]
    if names:
        raise NotWritable(
            f"{folder} has {', '.join(names)}, which would be taken for the tokenizer of this "
            "model, and it comes without one; delete them, or choose another folder"
        )

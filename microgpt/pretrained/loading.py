"""`load_pretrained`: load a trained model by name, or from a file or folder of any known format.

The route of a file: `format_detection.detect_format` → the format's `open_model`, which returns a
`WeightSource` → `weight_source.build_model`, which reads it into a GPT. Our own checkpoints go to
`checkpoints.load` instead.
"""

import os
import warnings
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from microgpt._io.paths import expand_user
from microgpt.checkpoints import Checkpoint, load
from microgpt.config import GPTConfig
from microgpt.config.checks import check_boolean, check_integer
from microgpt.errors import Described, FormatError, SettingError, SizeError
from microgpt.pretrained.format_detection import detect_format
from microgpt.pretrained.huggingface import hub
from microgpt.pretrained.tokenizer_files import find_tokenizer, fits
from microgpt.pretrained.weight_source import build_model
from microgpt.sampling.validation import check_tokenizer
from microgpt.tokenizers import Tokenizer, resolve_tokenizer

BUNDLED = ("names", "story")


class _Options(NamedTuple):
    backend: str | None
    n_head: int | None
    tokenizer: Tokenizer | None
    ignore_extra_heads: bool


def load_pretrained(
    source: str | os.PathLike,
    backend: str | None = None,
    n_head: int | None = None,
    *,
    tokenizer: Tokenizer | None = None,
    ignore_extra_heads: bool = False,
) -> Checkpoint:
    """Load a trained model, with its tokenizer (None if unknown) and its training metadata.

    `source` is a checkpoint of your own; a file or folder of Hugging Face, nanoGPT or the book
    (safetensors), OpenAI (TensorFlow) or llm.c; "names" or "story", bundled with the package; or
    "gpt2", "gpt2-medium", "gpt2-large" or "gpt2-xl", downloaded once. A path takes precedence over
    a name. `n_head` is for files that do not record it, `tokenizer` is used in place of the files
    beside the model, and token ids beyond it, which only pad the vocabulary, are dropped.
    `ignore_extra_heads` leaves out heads beside the language model's. Other programs' weights
    become float32, and their models are in eval mode. Raises FormatError unless `source` holds
    exactly one model.
    """
    options = _Options(backend, n_head, tokenizer, ignore_extra_heads)
    if not isinstance(source, str | os.PathLike) or not str(source):
        raise SettingError("source", "the path or the name of a model", source)
    if n_head is not None:
        check_integer("n_head", n_head, minimum=1)
    if tokenizer is not None:
        check_tokenizer(tokenizer)
    check_boolean("ignore_extra_heads", ignore_extra_heads)
    path, is_name = expand_user(source), source in (*BUNDLED, *hub.NAMES)
    exists = os.path.exists(path)  # also False for a string that cannot be a path
    if exists and source in BUNDLED and _holds_no_model(path):
        warnings.warn(
            f"the folder {path.absolute()} holds no model; {source!r} inside the package is loaded",
            stacklevel=2,
        )
    elif exists:
        if is_name:
            warnings.warn(
                f"{path.absolute()} is read; the published {source!r} is loaded where there is "
                "no file or folder of that name",
                stacklevel=2,
            )
        return _load_path(path, options)
    if source in BUNDLED:
        asset = resources.files("microgpt.pretrained") / "assets" / f"{source}.safetensors"
        with resources.as_file(asset) as file:
            return _load_path(file, options)
    if is_name:
        return _load_path(hub.download(str(source)), options)
    raise SettingError(
        "source", "a checkpoint's path", str(source), choices=(*BUNDLED, *hub.REPOSITORIES)
    )


def _holds_no_model(path: Path) -> bool:
    """Whether `path` is a folder with a bundled model's name but without a model in it."""
    try:
        detect_format(path)
    except FormatError:
        return path.is_dir()
    return False


def _load_path(path: Path, options: _Options) -> Checkpoint:
    file, open_model = detect_format(path)
    if open_model is None:
        checkpoint = load(file, options.backend)
        _check_n_head(options.n_head, checkpoint.model.config, file)
        if options.tokenizer is None:
            return checkpoint
        _check_vocab_size(options.tokenizer, checkpoint.model.config, file)
        resolve_tokenizer(checkpoint.model, options.tokenizer)  # its own tokens, if it has any
        return replace(checkpoint, tokenizer=options.tokenizer)
    source = open_model(file, options.n_head)
    _check_n_head(options.n_head, source.config, file)
    tokenizer = options.tokenizer
    if tokenizer is None:
        tokenizer = find_tokenizer(file, source.config)
    else:
        _check_vocab_size(tokenizer, source.config, file, padded=True)
    if options.ignore_extra_heads:
        source = source.without_extra_heads()
    if tokenizer is not None:
        source = source.with_vocab_size(tokenizer.vocab_size)
    model = build_model(source, options.backend)
    model.eval()
    return Checkpoint(model, tokenizer)


def _check_vocab_size(
    tokenizer: Tokenizer, config: GPTConfig, file: Path, padded: bool = False
) -> None:
    size = tokenizer.vocab_size
    if not (fits(size, config) if padded else size == config.vocab_size):
        raise SizeError(
            "tokenizer",
            f"one of the {config.vocab_size:,} tokens of the model in {file}",
            Described(f"{size:,} tokens"),
        )


def _check_n_head(n_head: int | None, config: GPTConfig, file: Path) -> None:
    if n_head not in (None, config.n_head):
        raise SettingError("n_head", f"{config.n_head}, as {file} has it", n_head)

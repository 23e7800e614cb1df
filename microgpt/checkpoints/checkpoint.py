"""`save` and `load`: a model, its tokenizer, and notes on its training in one file."""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from microgpt import tokenizers
from microgpt._io.atomic_write import atomic_write
from microgpt.backends import LOCK
from microgpt.checkpoints import json_io
from microgpt.checkpoints.safetensors_io import Opened, opened, write_tensors
from microgpt.config import GPTConfig, from_dict
from microgpt.errors import FormatError, MicrogptError, NotWritable, SettingError
from microgpt.models.gpt import GPT
from microgpt.tokenizers import Tokenizer

FILE = "model.safetensors"
KEY = "microgpt"
STATE_KEY = "microgpt-training"  # of the file that a training is resumed from
FORMAT = 1
LONGEST = 2**24  # tokens of a text, for which generating sets memory aside


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds: a model, its tokenizer if it was saved with one, and notes on training."""

    model: GPT
    tokenizer: Tokenizer | None
    training: dict[str, Any]


def save(
    path: str | Path,
    model: GPT,
    tokenizer: Tokenizer | None = None,
    training: dict[str, Any] | None = None,
) -> Path:
    """Write a checkpoint into a folder (as model.safetensors) or a .safetensors file.

    `training` is a dictionary of what JSON can hold. A file that is there is replaced only once
    the new one is complete.
    """
    if not isinstance(training, dict | None):
        raise SettingError(f"training must be a dictionary; got {type(training).__name__}")
    header = {
        "format": FORMAT,
        "config": asdict(model.config),
        "tokenizer": None if tokenizer is None else tokenizer.to_dict(),
        "training": training or {},
    }
    notes = {KEY: json.dumps(header)}
    target = prepare(path)
    with atomic_write(target) as stream, LOCK:  # a training in another thread waits between two steps
        arrays = {name: weight.array for name, weight in model.named_parameters()}
        write_tensors(stream, arrays, notes)
    return target


def prepare(path: str | Path) -> Path:
    """The file that `save` will write; its folder is made, and tried, now."""
    if Path(path).is_file() and Path(path).suffix != ".safetensors":
        raise NotWritable(f"{path} is a file that is there already; name a folder to save in")
    target = _file(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            return target
    except OSError as error:
        raise NotWritable(
            f"nothing can be saved in {target.parent} ({error.strerror}); choose another folder"
        ) from None


def load(path: str | Path, backend: str | None = None) -> Checkpoint:
    """Read what `save` wrote; the model lives on `backend` (default: the one in use)."""
    file = _file(path)
    if not file.is_file():
        raise FormatError(f"there is no checkpoint at {file}; `save` or `microgpt train` makes one")
    try:
        with opened(file) as arrays:
            config, tokenizer, training = _header(arrays)
            dtypes = {arrays.dtype(name) for name in arrays.shapes}
            if len(dtypes) != 1 or not dtypes <= {"float32", "float64"}:
                raise FormatError(f"must hold float32 or float64 weights; got {sorted(dtypes)}")
            model = GPT(config, seed=None, dtype=dtypes.pop(), backend=backend)
            for name, weight in model.named_parameters():
                arrays.read_into(name, weight.array)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, MicrogptError) and not isinstance(error, ValueError):
            raise
        raise FormatError(f"{file} is not a microgpt checkpoint: {error}") from None
    model.tokenizer = tokenizer
    return Checkpoint(model, tokenizer, training)


def _header(arrays: Opened) -> tuple[GPTConfig, Tokenizer | None, dict[str, Any]]:
    """The configuration, checked against the weights before any memory is asked for."""
    if STATE_KEY in arrays.notes:
        raise FormatError(
            "it is the state of a training, which Trainer.resume continues; the model is in "
            f"{FILE} beside it"
        )
    if KEY not in arrays.notes:
        raise FormatError(
            "its header has no 'microgpt' entry, so it was written by another program"
        )
    header = json_io.parse(arrays.notes[KEY].encode(), "its header")
    if header.get("format") != FORMAT:
        raise FormatError(f"its header must have format {FORMAT}")
    config, tokenizer = model_header(header, arrays.shapes)
    return config, tokenizer, dict(header.get("training") or {})


def model_header(
    header: dict[str, Any], shapes: dict[str, tuple[int, ...]]
) -> tuple[GPTConfig, Tokenizer | None]:
    """The shape of a model and its tokenizer, if they fit each other and the weights' shapes."""
    config = from_dict(GPTConfig, header["config"])
    if config.position == "none" and config.block_size > LONGEST:
        raise FormatError(  # no table of places says how long a text may be
            f"its block_size must be at most {LONGEST:,}; got {config.block_size:,}"
        )
    expected = config.parameter_shapes(most=len(shapes))
    if expected != shapes:
        differing = sorted(set(expected.items()) ^ set(shapes.items()))
        raise FormatError(f"its weights do not fit its configuration: {differing[0]} differs")
    tokenizer = header.get("tokenizer")
    kept = None if tokenizer is None else tokenizers.from_dict(tokenizer)
    if kept is not None and kept.vocab_size != config.vocab_size:
        raise FormatError(
            f"its tokenizer has {kept.vocab_size} tokens, its model {config.vocab_size}"
        )
    return config, kept


def _file(path: str | Path) -> Path:
    path = Path(path)
    return path if path.suffix == ".safetensors" or path.is_file() else path / FILE

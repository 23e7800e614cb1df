"""`save` and `load` checkpoints: a model, its tokenizer and training metadata in one file."""

import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from microgpt import tokenizers
from microgpt._io.atomic_write import atomic_write
from microgpt._io.json_io import format_json, parse_json
from microgpt.backends import LOCK
from microgpt.backends.memory import host_buffer
from microgpt.checkpoints.safetensors_io import (
    SafetensorsFile,
    open_safetensors,
    write_safetensors,
)
from microgpt.config import GPTConfig, from_dict
from microgpt.errors import (
    Described,
    FormatError,
    MicrogptError,
    NotWritable,
    SettingError,
    SizeError,
)
from microgpt.models.gpt import GPT
from microgpt.tokenizers import Tokenizer

MODEL_FILE = "model.safetensors"
CHECKPOINT_KEY = "microgpt"
TRAINER_STATE_KEY = "microgpt-training"  # in the file that training is resumed from
FORMAT = 1
MAX_BLOCK_SIZE = 2**24  # for models without a position table, whose size would bound it


@dataclass(frozen=True)
class Checkpoint:
    """A model, the tokenizer it was saved with (or None), and its training metadata."""

    model: GPT
    tokenizer: Tokenizer | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.tokenizer is not None:
            tokenizers.associate(self.model, self.tokenizer)


def save(
    path: str | Path,
    model: GPT,
    tokenizer: Tokenizer | None = None,
    metadata: dict[str, Any] | None = None,
) -> Path:
    """Write a checkpoint to a folder (as model.safetensors) or .safetensors file; return its path.

    `metadata` must be JSON-serializable. What could not be loaded again is refused. An existing
    file is replaced only once the new one is complete.
    """
    if not isinstance(metadata, dict | None):
        raise SettingError("metadata", "a dictionary", type(metadata))
    if named_shapes(model) != model.config.parameter_shapes():
        raise SettingError(
            "model",
            "a GPT with the weights that its config describes, or `load` could not rebuild it",
            Described(f"a {type(model).__name__} with custom parts"),
            "keep its weights with np.savez(path, **model.state_dict())",
        )
    if tokenizer is not None and tokenizer.vocab_size != model.config.vocab_size:
        raise SizeError(
            "tokenizer", f"one of {model.config.vocab_size:,} tokens", tokenizer,
            "give the one that the model was trained with",
        )  # fmt: skip
    header = {
        "format": FORMAT,
        "config": asdict(model.config),
        "tokenizer": tokenizers.checked_dict(tokenizer),
        "metadata": metadata or {},
    }
    content = format_json(header, "metadata")
    target = ensure_writable(path)
    with atomic_write(target) as stream, LOCK:  # training in another thread waits
        arrays = {name: weight.array for name, weight in model.named_parameters()}
        write_safetensors(stream, arrays, {CHECKPOINT_KEY: content})
    return target


def named_shapes(model: GPT) -> dict[str, tuple[int, ...]]:
    """Return the shape of each parameter by its name."""
    return {name: weight.shape for name, weight in model.named_parameters()}


def ensure_writable(path: str | Path) -> Path:
    """Return the file that `save(path, …)` writes, after creating and testing its folder."""
    if Path(path).is_file() and Path(path).suffix != ".safetensors":
        raise NotWritable(f"{path} is a file that is there already; name a folder to save in")
    target = _checkpoint_file(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            return target
    except OSError as error:
        raise NotWritable(
            f"nothing can be saved in {target.parent} ({error.strerror}); choose another folder"
        ) from None


def load(path: str | Path, backend: str | None = None) -> Checkpoint:
    """Load a checkpoint that `save` wrote; its model is on `backend` (default: the current one)."""
    file = _checkpoint_file(path)
    if not file.is_file():
        raise FormatError(f"there is no checkpoint at {file}; `save` or `microgpt train` makes one")
    try:
        with open_safetensors(file) as arrays:
            config, tokenizer, metadata = _read_header(arrays)
            dtypes = {arrays.dtype(name) for name in arrays.shapes}
            if len(dtypes) != 1 or not dtypes <= {"float32", "float64"}:
                raise FormatError(f"must hold float32 or float64 weights; got {sorted(dtypes)}")
            model = GPT(config, seed=None, dtype=dtypes.pop(), backend=backend)
            for name, weight in model.named_parameters():
                with host_buffer(weight.array) as numbers:
                    arrays.read_into(name, numbers)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, MicrogptError) and not isinstance(error, ValueError):
            raise
        raise FormatError(f"{file} is not a microgpt checkpoint: {error}") from None
    return Checkpoint(model, tokenizer, metadata)


def _read_header(arrays: SafetensorsFile) -> tuple[GPTConfig, Tokenizer | None, dict[str, Any]]:
    """Return config, tokenizer and metadata, checked against the shapes before any allocation."""
    if TRAINER_STATE_KEY in arrays.metadata:
        raise FormatError(
            "it is the state of a training, which can be resumed; the model is in "
            f"{MODEL_FILE} beside it"
        )
    if CHECKPOINT_KEY not in arrays.metadata:
        raise FormatError(
            f"its header has no {CHECKPOINT_KEY!r} entry, so it was written by another program"
        )
    header = parse_json(arrays.metadata[CHECKPOINT_KEY].encode(), "its header")
    if header.get("format") != FORMAT:
        raise FormatError(f"its header must have format {FORMAT}")
    config, tokenizer = parse_model_header(header, arrays.shapes)
    return config, tokenizer, dict(header.get("metadata") or {})


def parse_model_header(
    header: dict[str, Any], shapes: dict[str, tuple[int, ...]]
) -> tuple[GPTConfig, Tokenizer | None]:
    """Return config and tokenizer of a header; raise FormatError unless they fit the weights."""
    config = from_dict(GPTConfig, header["config"])
    if config.position == "none" and config.block_size > MAX_BLOCK_SIZE:
        raise FormatError(
            f"its block_size must be at most {MAX_BLOCK_SIZE:,}; got {config.block_size:,}"
        )
    expected = config.parameter_shapes(max_tensors=len(shapes))
    if expected != shapes:
        differing = sorted(set(expected.items()) ^ set(shapes.items()))
        raise FormatError(f"its weights do not fit its configuration: {differing[0]} differs")
    description = header.get("tokenizer")
    tokenizer = None if description is None else tokenizers.from_dict(description)
    if tokenizer is not None and tokenizer.vocab_size != config.vocab_size:
        raise FormatError(
            f"its tokenizer has {tokenizer.vocab_size} tokens, its model {config.vocab_size}"
        )
    return config, tokenizer


def _checkpoint_file(path: str | Path) -> Path:
    path = Path(path)
    return path if path.suffix == ".safetensors" or path.is_file() else path / MODEL_FILE

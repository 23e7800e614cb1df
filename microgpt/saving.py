"""Checkpoints: safetensors with a JSON header. Nothing is pickled; files are written atomically."""

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from microgpt import tokenizers
from microgpt.config import GPTConfig, from_dict
from microgpt.errors import FormatError, MicrogptError, NotWritable, SettingError
from microgpt.models.gpt import GPT
from microgpt.tokenizers import Tokenizer

FILE = "model.safetensors"
KEY = "microgpt"
FORMAT = 1


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
    from safetensors.numpy import save as serialised

    if not isinstance(training, dict | None):
        raise SettingError(f"training must be a dictionary; got {type(training).__name__}")
    header = {
        "format": FORMAT,
        "config": asdict(model.config),
        "tokenizer": None if tokenizer is None else tokenizer.to_dict(),
        "training": training or {},
    }
    target = prepare(path)
    content = serialised(model.state_dict(), {KEY: json.dumps(header)})
    with writing(target) as stream:
        stream.write(content)
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
    from safetensors import SafetensorError, safe_open

    file = _file(path)
    if not file.is_file():
        raise FormatError(f"there is no checkpoint at {file}; `save` or `microgpt train` makes one")
    try:
        with safe_open(file, framework="np") as opened:
            metadata = opened.metadata() or {}
            shapes = {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
            config, tokenizer, training = _header(metadata, shapes)
            weights = {name: opened.get_tensor(name) for name in shapes}
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        if isinstance(error, MicrogptError) and not isinstance(error, ValueError):
            raise
        raise FormatError(f"{file} is not a microgpt checkpoint: {error}") from None
    dtypes = {str(weight.dtype) for weight in weights.values()}
    if len(dtypes) != 1 or not dtypes <= {"float32", "float64"}:
        raise FormatError(f"{file} must hold float32 or float64 weights; got {sorted(dtypes)}")
    model = GPT(config, seed=None, dtype=dtypes.pop(), backend=backend)
    model.load_state_dict(weights)
    model.tokenizer = tokenizer
    return Checkpoint(model, tokenizer, training)


def _header(
    metadata: dict[str, str], shapes: dict[str, tuple[int, ...]]
) -> tuple[GPTConfig, Tokenizer | None, dict[str, Any]]:
    """The configuration, checked against the weights before any memory is asked for."""
    if KEY not in metadata:
        raise FormatError(
            "its header has no 'microgpt' entry, so it was written by another program"
        )
    header = json.loads(metadata[KEY])
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise FormatError(f"its header must have format {FORMAT}")
    config = from_dict(GPTConfig, header["config"])
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
    return config, kept, dict(header.get("training") or {})


def _file(path: str | Path) -> Path:
    path = Path(path)
    return path if path.suffix == ".safetensors" or path.is_file() else path / FILE


@contextlib.contextmanager
def writing(target: Path) -> Iterator[Any]:
    """A binary stream that becomes `target` when the block ends well, and vanishes otherwise."""
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with open(draft, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(draft, target)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise

"""`load_pretrained`: load a trained model by name, or from a file or folder of any known format.

The route of a file: `format_detection.detect_format` → the format's `open_model`, which returns a
`WeightSource` → `weight_source.build_model`, which reads it into a GPT. Our own checkpoints go to
`checkpoints.load` instead.
"""

import os
import warnings
from importlib import resources
from pathlib import Path

from microgpt._io.paths import expand_user
from microgpt.checkpoints import Checkpoint, load
from microgpt.config import GPTConfig
from microgpt.config.checks import check_integer
from microgpt.errors import FormatError, SettingError
from microgpt.pretrained.format_detection import detect_format
from microgpt.pretrained.huggingface import hub
from microgpt.pretrained.tokenizer_files import find_tokenizer
from microgpt.pretrained.weight_source import build_model

BUNDLED = ("names", "story")


def load_pretrained(
    source: str | os.PathLike, backend: str | None = None, n_head: int | None = None
) -> Checkpoint:
    """Load a trained model, with its tokenizer (None if unknown) and its training metadata.

    `source` is a checkpoint of your own; a file or folder of Hugging Face (safetensors), OpenAI
    (TensorFlow) or llm.c; "names" or "story", bundled with the package; or "gpt2", "gpt2-medium",
    "gpt2-large" or "gpt2-xl", downloaded once. A file or folder on disk takes precedence over a
    name. `n_head` is for files that do not record it. The model is on `backend`; other programs'
    weights become float32, and their models are in eval mode. Raises FormatError unless `source`
    holds exactly one model.
    """
    if not isinstance(source, str | os.PathLike) or not str(source):
        raise SettingError("source", "the path or the name of a model", source)
    if n_head is not None:
        check_integer("n_head", n_head, minimum=1)
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
        return _load_path(path, backend, n_head)
    if source in BUNDLED:
        asset = resources.files("microgpt.pretrained") / "assets" / f"{source}.safetensors"
        with resources.as_file(asset) as file:
            return _load_path(file, backend, n_head)
    if is_name:
        return _load_path(hub.download(str(source)), backend, n_head)
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


def _load_path(path: Path, backend: str | None, n_head: int | None) -> Checkpoint:
    file, open_model = detect_format(path)
    if open_model is None:
        checkpoint = load(file, backend)
        _check_n_head(n_head, checkpoint.model.config, file)
        return checkpoint
    source = open_model(file, n_head)
    _check_n_head(n_head, source.config, file)
    tokenizer = find_tokenizer(file, source.config)
    model = build_model(source, backend)
    model.eval()
    return Checkpoint(model, tokenizer)


def _check_n_head(n_head: int | None, config: GPTConfig, file: Path) -> None:
    if n_head not in (None, config.n_head):
        raise SettingError("n_head", f"{config.n_head}, as {file} has it", n_head)

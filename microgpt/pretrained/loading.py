"""`load_pretrained`: one door for every trained model, whoever wrote it."""

import os
import warnings
from importlib import resources
from pathlib import Path

from microgpt._io.atomic_write import expand_user
from microgpt.checkpoints import Checkpoint, load
from microgpt.config.checks import whole
from microgpt.errors import FormatError, SettingError
from microgpt.pretrained import tokenizer_files
from microgpt.pretrained.format_detection import detect_format
from microgpt.pretrained.huggingface import hub
from microgpt.pretrained.weight_source import build_model

BUNDLED = ("names", "story")


def load_pretrained(
    source: str | os.PathLike, backend: str | None = None, n_head: int | None = None
) -> Checkpoint:
    """A trained model with its tokenizer (None if it is unknown) and notes on its training.

    `source`: a checkpoint of your own; a folder or file of Hugging Face's (safetensors), OpenAI's
    (TensorFlow) or llm.c's; "names" or "story", inside the package; or "gpt2", "gpt2-medium",
    "gpt2-large", "gpt2-xl", fetched once. A file or folder here wins over such a name. Weights
    become float32 on `backend`; `n_head` is for files that do not say it. A model of other
    programs comes in `eval()`. What is not all of one model is a FormatError.
    """
    if not isinstance(source, str | os.PathLike) or not str(source):
        raise SettingError(f"a model is a path or a name; got {source!r:.100}")
    if n_head is not None:
        whole("n_head", n_head, least=1)
    checkpoint = _loaded(source, backend, n_head)
    if n_head not in (None, checkpoint.model.config.n_head):
        raise SettingError(
            f"{source} says n_head {checkpoint.model.config.n_head}; you gave n_head={n_head}"
        )
    return checkpoint


def _loaded(source: str | os.PathLike, backend: str | None, n_head: int | None) -> Checkpoint:
    path, is_name = expand_user(source), source in (*BUNDLED, *hub.NAMES)
    there = os.path.exists(path)  # False too for a text that no system takes for a path
    if there and source in BUNDLED and _holds_no_model(path):
        warnings.warn(
            f"the folder {path.absolute()} holds no model; {source!r} inside the package is loaded",
            stacklevel=3,
        )
    elif there:
        if is_name:
            warnings.warn(
                f"{path.absolute()} is read; the published {source!r} is loaded where there is "
                "no file or folder of that name",
                stacklevel=3,
            )
        return _opened(path, backend, n_head)
    if source in BUNDLED:
        asset = resources.files("microgpt.pretrained") / "assets" / f"{source}.safetensors"
        with resources.as_file(asset) as file:
            return load(file, backend)
    if is_name:
        return _opened(hub.fetch(str(source)), backend, n_head)
    known = ", ".join(repr(name) for name in (*BUNDLED, *hub.REPOSITORIES))
    raise SettingError(
        f"there is no checkpoint at {source}, nor a trained model of that name; known: {known}"
    )


def _holds_no_model(path: Path) -> bool:
    """Whether a folder is only a namesake of a model."""
    try:
        detect_format(path)
    except FormatError:
        return path.is_dir()
    return False


def _opened(path: Path, backend: str | None, n_head: int | None) -> Checkpoint:
    file, opener = detect_format(path)
    if opener is None:
        return load(file, backend)
    incoming = opener(file, n_head)
    tokenizer = tokenizer_files.beside(file, incoming.config)
    model = build_model(incoming, backend)
    model.tokenizer = tokenizer
    model.eval()
    return Checkpoint(model=model, tokenizer=tokenizer, training={})

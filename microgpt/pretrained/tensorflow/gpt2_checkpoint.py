"""OpenAI's GPT-2 as it was published: a checkpoint of TensorFlow, read without TensorFlow."""

import re
from pathlib import Path

import numpy as np

from microgpt.checkpoints import json_io
from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.huggingface.config import gpt2_shape
from microgpt.pretrained.huggingface.weights import is_conv1d
from microgpt.pretrained.tensorflow import tensor_bundle
from microgpt.pretrained.tensorflow.tensor_bundle import Entry
from microgpt.pretrained.weight_source import WeightSource, gpt2_of_shapes, wanted_shapes

FILE = "model.ckpt.index"
HPARAMS = "hparams.json"
SUFFIX = ".index"

_LAYER = re.compile(r"model/h(\d+)/.*")
_SIZES = {
    "vocab_size": "n_vocab",
    "block_size": "n_ctx",
    "n_layer": "n_layer",
    "n_head": "n_head",
    "n_embd": "n_embd",
}


def open_model(index: Path, n_head: int | None = None) -> WeightSource:
    """What the checkpoint of this index holds, by our names; matrices come as (1, in, out).

    The shape is that of the hparams.json beside it; without one it is read off the tensors, with
    heads 64 wide or `n_head` of them. Each tensor's CRC-32C is compared as it is read.
    """
    entries = tensor_bundle.read(index)
    config = _config(index, entries, n_head)
    labels = {name: _label(name) for name in wanted_shapes(index, config, len(entries))}
    ours = {label: name for name, label in labels.items()}
    shapes, turned = {}, set()
    for label, entry in entries.items():
        name, shape = ours.get(label, label), entry.span.shape
        if is_conv1d(name) and len(shape) == 3 and shape[0] == 1:
            shape = (shape[2], shape[1])
            turned.add(name)
        shapes[name] = shape

    def read_into(name: str, array: np.ndarray) -> None:
        entries[labels[name]].read_into(array, name in turned, labels[name])

    return WeightSource(index, config, shapes, labels, read_into)


def _config(index: Path, entries: dict[str, Entry], n_head: int | None) -> GPTConfig:
    given = index.parent / HPARAMS
    if not given.is_file():
        tables = {name: entries.get(_label(name)) for name in ("wte.weight", "wpe.weight")}
        shapes = {name: entry.span.shape for name, entry in tables.items() if entry is not None}
        layers = {parts[1] for label in entries if (parts := _LAYER.fullmatch(label))}
        return gpt2_of_shapes(index, shapes, len(layers), n_head)
    found = json_io.read(given)
    missing = [name for name in _SIZES.values() if name not in found]
    if missing:
        raise FormatError(f"{given} must say {', '.join(missing)}; it does not")
    sizes = {ours: found[theirs] for ours, theirs in _SIZES.items()}
    config = gpt2_shape(str(given), **sizes)
    if n_head not in (None, config.n_head):
        raise FormatError(f"{given} says n_head {config.n_head}; you gave n_head={n_head}")
    return config


def _label(name: str) -> str:
    """The checkpoint's name for a tensor of ours: h.0.ln_1.bias is model/h0/ln_1/b."""
    *place, kind = re.sub(r"^h\.", "h", name).split(".")
    if place[0] not in ("wte", "wpe"):
        weight = "g" if place[-1].startswith("ln_") else "w"
        place.append(weight if kind == "weight" else "b")
    return "/".join(["model", *place])

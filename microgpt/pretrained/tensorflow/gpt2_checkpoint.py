"""OpenAI's published GPT-2: a TensorFlow checkpoint, and its tensors under our names."""

import re
from pathlib import Path

import numpy as np

from microgpt._io.json_io import read_json
from microgpt.config import GPTConfig
from microgpt.pretrained.gpt2_layout import is_conv1d
from microgpt.pretrained.tensorflow.tensor_bundle import BundleEntry, read_bundle
from microgpt.pretrained.weight_source import (
    WeightSource,
    expected_shapes,
    gpt2_config,
    infer_gpt2_config,
    select_fields,
)

INDEX_FILE = "model.ckpt.index"
HPARAMS_FILE = "hparams.json"
INDEX_SUFFIX = ".index"

_LAYER = re.compile(r"model/h(\d+)/.*")
# Our name -> OpenAI's.
_HPARAMS = {
    "vocab_size": "n_vocab",
    "block_size": "n_ctx",
    "n_layer": "n_layer",
    "n_head": "n_head",
    "n_embd": "n_embd",
}


def open_model(index: Path, n_head: int | None = None) -> WeightSource:
    """Return the WeightSource of the checkpoint with this index; its matrices are (1, in, out).

    The config is read from the hparams.json beside it. Without one it is inferred from the tensors,
    with `n_head` heads, or heads of size 64. Each tensor's CRC-32C is verified as it is read.
    """
    entries = read_bundle(index)
    config = _config(index, entries, n_head)
    labels = {name: _label(name) for name in expected_shapes(index, config, len(entries))}
    our_names = {label: name for name, label in labels.items()}
    shapes, transposed = {}, set()
    for label, entry in entries.items():
        name, shape = our_names.get(label, label), entry.tensor.shape
        if is_conv1d(name) and len(shape) == 3 and shape[0] == 1:
            shape = (shape[2], shape[1])
            transposed.add(name)
        shapes[name] = shape

    def read_into(name: str, array: np.ndarray) -> None:
        entries[labels[name]].read_into(array, name in transposed, labels[name])

    return WeightSource(index, config, shapes, labels, read_into)


def _config(index: Path, entries: dict[str, BundleEntry], n_head: int | None) -> GPTConfig:
    hparams = index.parent / HPARAMS_FILE
    if hparams.is_file():
        return gpt2_config(hparams, **select_fields(hparams, read_json(hparams), _HPARAMS))
    embeddings = {name: entries.get(_label(name)) for name in ("wte.weight", "wpe.weight")}
    shapes = {name: entry.tensor.shape for name, entry in embeddings.items() if entry is not None}
    layers = {parts[1] for label in entries if (parts := _LAYER.fullmatch(label))}
    return infer_gpt2_config(index, shapes, len(layers), n_head)


def _label(name: str) -> str:
    """Return the checkpoint's name for our tensor: h.0.ln_1.bias is model/h0/ln_1/b."""
    *path, parameter = re.sub(r"^h\.", "h", name).split(".")
    if path[0] not in ("wte", "wpe"):
        weight = "g" if path[-1].startswith("ln_") else "w"
        path.append(weight if parameter == "weight" else "b")
    return "/".join(["model", *path])

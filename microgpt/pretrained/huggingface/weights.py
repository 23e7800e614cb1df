"""Hugging Face's GPT-2: safetensors in one file or several, and what its names are here."""

import re
from pathlib import Path

import numpy as np

from microgpt.checkpoints import json_io
from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.huggingface import config as hf_config
from microgpt.pretrained.huggingface import safetensors_file
from microgpt.pretrained.tensor_slice import READABLE, TensorSlice, same
from microgpt.pretrained.weight_source import (
    WeightSource,
    check_complete,
    gpt2_of_shapes,
    wanted_shapes,
)

FILE = "model.safetensors"
INDEX = "model.safetensors.index.json"
PREFIX = "transformer."
HEAD = "lm_head.weight"

# Masks that older versions saved beside the weights.
_BUFFER = re.compile(r"h\.\d+\.attn\.(bias|masked_bias)")
# Matrices that it keeps as (in, out).
_TURNED = re.compile(r"h\.\d+\.(attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)\.weight")


def open_model(file: Path, n_head: int | None = None) -> WeightSource:
    """What a .safetensors file, or the index of several, holds, by our names.

    The shape is that of the config.json beside it; without one it is read off the tensors, with
    heads 64 wide or `n_head` of them. An output head of its own must equal `wte`.
    """
    spans, labels = _by_our_names(file, _sharded(file) if file.suffix == ".json" else _one(file))
    head = spans.pop(HEAD, None)
    turned = {name for name, span in spans.items() if is_conv1d(name) and len(span.shape) == 2}
    shapes = {
        name: span.shape[::-1] if name in turned else span.shape for name, span in spans.items()
    }

    def read_into(name: str, array: np.ndarray) -> None:
        spans[name].read_into(array, name in turned)

    config = _config(file, shapes, n_head)
    prefix = PREFIX if any(label.startswith(PREFIX) for label in labels.values()) else ""
    wanted = {name: prefix + name for name in wanted_shapes(file, config, len(shapes))}
    incoming = WeightSource(file, config, shapes, wanted | labels, read_into)
    check_complete(incoming)
    if head is not None and not same(head, spans["wte.weight"]):
        raise FormatError(
            f"{file}: {labels[HEAD]} must equal {labels['wte.weight']}, since GPT-2's output head "
            "is its token embedding; it differs"
        )
    return incoming


def is_conv1d(name: str) -> bool:
    """Whether Hugging Face keeps this matrix of ours as its transpose."""
    return _TURNED.fullmatch(name) is not None


def _config(file: Path, shapes: dict[str, tuple[int, ...]], n_head: int | None) -> GPTConfig:
    given = file.parent / hf_config.FILE
    if not given.is_file():
        layers = {name.split(".")[1] for name in shapes if name.startswith("h.")}
        return gpt2_of_shapes(file, shapes, len(layers), n_head)
    config = hf_config.read(given)
    if n_head not in (None, config.n_head):
        raise FormatError(f"{given} says n_head {config.n_head}; you gave n_head={n_head}")
    return config


def _one(file: Path) -> dict[str, TensorSlice]:
    return safetensors_file.spans(file)


def _sharded(index: Path) -> dict[str, TensorSlice]:
    """The tensors of several files, as the index has them."""
    files = json_io.read(index, most=8 << 20).get("weight_map")
    if not isinstance(files, dict) or not all(isinstance(name, str) for name in files.values()):
        raise FormatError(f"{index} must have a weight_map from each tensor to its file")
    found: dict[str, TensorSlice] = {}
    for name in sorted(set(files.values())):
        part = index.parent / name
        if Path(name).name != name or not name.endswith(".safetensors") or len(name) > 200:
            raise FormatError(f"{index} must name .safetensors files beside it; got {name!r:.100}")
        if not part.is_file():
            raise FormatError(f"{index} names {name}, which is not beside it; fetch that too")
        for label, span in safetensors_file.spans(part).items():
            if files.get(label) != name:
                raise FormatError(
                    f"{part} holds {label!r:.100}, which {index.name} says is in "
                    f"{files.get(label)!r:.100}"
                )
            found[label] = span
    missing = [label for label in files if label not in found]
    if missing:
        raise FormatError(f"{index} names {missing[0]!r:.100}, which is in none of its files")
    return found


def _by_our_names(file: Path, spans: dict[str, TensorSlice]) -> tuple[dict[str, TensorSlice], dict[str, str]]:
    """The tensors that count, by our names, and their own names; masks are left out."""
    found: dict[str, TensorSlice] = {}
    labels: dict[str, str] = {}
    for label, span in spans.items():
        name = label.removeprefix(PREFIX)
        if _BUFFER.fullmatch(name):
            continue
        if name in found:
            raise FormatError(f"{file} holds both {labels[name]} and {label}; keep one of them")
        if span.dtype not in READABLE:
            raise FormatError(
                f"{file}: {label!r:.100} has dtype {span.dtype}; float32, float16 and bfloat16 "
                "can be read"
            )
        found[name], labels[name] = span, label
    return found, labels

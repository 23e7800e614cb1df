"""Hugging Face's GPT-2 weights: safetensors in one file or several shards, under our names."""

import re
from pathlib import Path

import numpy as np

from microgpt._io.json_io import read_json
from microgpt.checkpoints.safetensors_header import read_header
from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.gpt2_layout import is_conv1d
from microgpt.pretrained.huggingface.config import CONFIG_FILE, read_config
from microgpt.pretrained.tensor_slice import FLOAT_DTYPES, TensorSlice, equal_contents
from microgpt.pretrained.weight_source import (
    WeightSource,
    check_complete,
    expected_shapes,
    infer_gpt2_config,
)

MODEL_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
PREFIX = "transformer."
LM_HEAD = "lm_head.weight"
MAX_HEADER_BYTES = 8 << 20  # the largest GPT-2's header takes about 100 kB
MAX_INDEX_BYTES = 8 << 20

# Causal masks that older versions of transformers saved with the weights.
_BUFFER = re.compile(r"h\.\d+\.attn\.(bias|masked_bias)")


def open_model(file: Path, n_head: int | None = None) -> WeightSource:
    """Return a WeightSource for a .safetensors file, or for the index of several shards.

    The config is read from the config.json beside the file. Without one it is inferred from the
    tensors, with `n_head` heads, or heads of size 64. A separate output head must equal `wte`.
    """
    slices, labels = _by_our_names(
        file, _read_shards(file) if file.suffix == ".json" else _read_file(file)
    )
    lm_head = slices.pop(LM_HEAD, None)
    transposed = {
        name for name, found in slices.items() if is_conv1d(name) and len(found.shape) == 2
    }
    shapes = {
        name: found.shape[::-1] if name in transposed else found.shape
        for name, found in slices.items()
    }

    def read_into(name: str, array: np.ndarray) -> None:
        slices[name].read_into(array, name in transposed)

    config = _config(file, shapes, n_head)
    prefix = PREFIX if any(label.startswith(PREFIX) for label in labels.values()) else ""
    expected = {name: prefix + name for name in expected_shapes(file, config, len(shapes))}
    source = WeightSource(file, config, shapes, expected | labels, read_into)
    check_complete(source)
    if lm_head is not None and not equal_contents(lm_head, slices["wte.weight"]):
        raise FormatError(
            f"{file}: {labels[LM_HEAD]} must equal {labels['wte.weight']}, since GPT-2's output "
            "head is its token embedding; it differs"
        )
    return source


def _config(file: Path, shapes: dict[str, tuple[int, ...]], n_head: int | None) -> GPTConfig:
    config_file = file.parent / CONFIG_FILE
    if config_file.is_file():
        return read_config(config_file)
    layers = {name.split(".")[1] for name in shapes if name.startswith("h.")}
    return infer_gpt2_config(file, shapes, len(layers), n_head)


def _read_file(file: Path) -> dict[str, TensorSlice]:
    """Return the tensors of one file, under the file's own names."""
    tensors = read_header(file, MAX_HEADER_BYTES).tensors
    return {
        label: TensorSlice(file, entry.start, entry.shape, entry.dtype)
        for label, entry in tensors.items()
    }


def _read_shards(index: Path) -> dict[str, TensorSlice]:
    """Return the tensors of all shards; each must be in the shard that the index names."""
    weight_map = read_json(index, MAX_INDEX_BYTES).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(v, str) for v in weight_map.values()):
        raise FormatError(f"{index} must have a weight_map from each tensor to its file")
    slices: dict[str, TensorSlice] = {}
    for name in sorted(set(weight_map.values())):
        shard = index.parent / name
        if Path(name).name != name or not name.endswith(".safetensors") or len(name) > 200:
            raise FormatError(f"{index} must name .safetensors files beside it; got {name!r:.100}")
        if not shard.is_file():
            raise FormatError(f"{index} names {name}, which is not beside it; fetch that too")
        for label, found in _read_file(shard).items():
            if weight_map.get(label) != name:
                raise FormatError(
                    f"{shard} holds {label!r:.100}, which {index.name} says is in "
                    f"{weight_map.get(label)!r:.100}"
                )
            slices[label] = found
    missing = [label for label in weight_map if label not in slices]
    if missing:
        raise FormatError(f"{index} names {missing[0]!r:.100}, which is in none of its files")
    return slices


def _by_our_names(
    file: Path, slices: dict[str, TensorSlice]
) -> tuple[dict[str, TensorSlice], dict[str, str]]:
    """Return the tensors, and their names in the file, by our names; causal masks are dropped."""
    found: dict[str, TensorSlice] = {}
    labels: dict[str, str] = {}
    for label, tensor in slices.items():
        name = label.removeprefix(PREFIX)
        if _BUFFER.fullmatch(name):
            continue
        if name in found:
            raise FormatError(f"{file} holds both {labels[name]} and {label}; keep one of them")
        if tensor.dtype not in FLOAT_DTYPES:
            raise FormatError(
                f"{file}: {label!r:.100} has dtype {tensor.dtype}; float32, float16 and bfloat16 "
                "can be read"
            )
        found[name], labels[name] = tensor, label
    return found, labels

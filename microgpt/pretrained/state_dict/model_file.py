"""Open a state dict of a GPT-2 in safetensors: its tensors under our names, and its config."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.pretrained.gpt2_layout import is_conv1d
from microgpt.pretrained.huggingface.config import CONFIG_FILE, read_config, reads_tied
from microgpt.pretrained.state_dict.stored_tensor import (
    StoredTensor,
    join_thirds,
    stores_transposes,
)
from microgpt.pretrained.state_dict.tensor_files import read_tensors
from microgpt.pretrained.state_dict.tensor_names import (
    LM_HEAD,
    book_name,
    is_book,
    is_extra_head,
    our_name,
    unwrapped,
)
from microgpt.pretrained.tensor_slice import FLOAT_DTYPES, TensorSlice, equal_contents
from microgpt.pretrained.weight_source import WeightSource, expected_shapes, infer_gpt2_config

WTE = "wte.weight"


def open_model(file: Path, n_head: int | None = None) -> WeightSource:
    """Return a WeightSource for a .safetensors file, or for the index of several shards.

    Sizes are read from the config.json beside the file, or else inferred from the tensors, with
    `n_head` heads, or heads of size 64. The tensors decide which biases there are, and whether the
    output head is the token embedding.
    """
    slices = read_tensors(file)
    tensors, labels = _by_our_names(file, slices)
    config_file = file.parent / CONFIG_FILE
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    if config_file.is_file():
        config = read_config(config_file)
    else:
        layers = {name.split(".")[1] for name in shapes if name.startswith("h.")}
        config = infer_gpt2_config(file, shapes, len(layers), n_head)
    from_book = is_book(slices)
    tied = _has_tied_head(file, tensors, labels, config_file, from_book)
    if tied:
        shapes.pop(LM_HEAD, None)
    config = _with_biases(replace(config, tie_weights=tied), shapes)

    def read_into(name: str, array: np.ndarray) -> None:
        tensors[name].read_into(array)

    prefix = _common_prefix(slices)
    expected = {
        name: prefix + (book_name(name) if from_book else name)
        for name in expected_shapes(file, config, len(shapes))
    }
    extra_heads = tuple(filter(is_extra_head, shapes))
    return WeightSource(file, config, shapes, expected | labels, read_into, extra_heads)


def _common_prefix(labels: Iterable[str]) -> str:
    """Return what stands before a tensor's name in the file, for the names of missing ones."""
    for label in labels:
        name = unwrapped(label)
        if label != name and label.endswith(name):
            return label.removesuffix(name)
    return ""


def _by_our_names(
    file: Path, slices: Mapping[str, TensorSlice]
) -> tuple[dict[str, StoredTensor], dict[str, str]]:
    """Return the tensors, and their names in the file, by our names; causal masks are dropped."""
    found: dict[str, dict[int | None, TensorSlice]] = {}
    labels: dict[str, str] = {}
    for label, tensor in slices.items():
        if (ours := our_name(label)) is None:
            continue
        parts = found.setdefault(ours.name, {})
        if ours.third in parts or (parts and (ours.third is None or None in parts)):
            raise FormatError(
                f"{file} holds both {labels[ours.name]} and {label}; keep one of them"
            )
        if tensor.dtype not in FLOAT_DTYPES and not is_extra_head(ours.name):
            raise FormatError(
                f"{file}: {label!r:.100} has dtype {tensor.dtype}; float32, float16 and bfloat16 "
                "can be read"
            )
        parts[ours.third] = tensor
        labels.setdefault(ours.name, label)
    single = {name: parts[None] for name, parts in found.items() if None in parts}
    transposes = not is_book(slices) and stores_transposes(file, single, labels)
    tensors = {}
    for name, parts in found.items():
        if name in single:
            transposed = transposes and is_conv1d(name) and len(single[name].shape) == 2
            tensors[name] = StoredTensor((single[name],), transposed)
        else:
            thirds = {third: tensor for third, tensor in parts.items() if third is not None}
            tensors[name] = join_thirds(file, labels[name], thirds)
    return tensors, labels


def _has_tied_head(
    file: Path,
    tensors: Mapping[str, StoredTensor],
    labels: Mapping[str, str],
    config_file: Path,
    from_book: bool,
) -> bool:
    """Whether the output head is the token embedding: it is not stored, or equals it."""
    tied = reads_tied(config_file) if config_file.is_file() else None
    if LM_HEAD not in tensors or WTE not in tensors:
        return LM_HEAD not in tensors and tied is not False and not from_book
    if tied is False:
        return False
    if equal_contents(tensors[LM_HEAD].slices[0], tensors[WTE].slices[0]):
        return True
    if tied:
        raise FormatError(
            f"{file}: {labels[LM_HEAD]} must equal {labels[WTE]}, since {CONFIG_FILE} has "
            "tie_word_embeddings true; it differs",
            "set that to false, to load the head that is stored",
        )
    return False


def _with_biases(config: GPTConfig, shapes: Mapping[str, tuple[int, ...]]) -> GPTConfig:
    """Return the config with the biases that the tensors have."""
    biases = [name for name in shapes if name.endswith(".bias") and not is_extra_head(name)]
    has_qkv_bias = any(name.endswith("attn.c_attn.bias") for name in biases)
    has_bias = bool(biases)
    return replace(config, bias=has_bias, qkv_bias=None if has_qkv_bias == has_bias else False)

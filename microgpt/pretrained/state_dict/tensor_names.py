"""The names of a GPT-2's tensors in other programs' state dicts, and ours for them.

Hugging Face and nanoGPT use GPT-2's names, which are ours too. "Build a Large Language Model" (the
book) has names of its own: `trf_blocks.0.att.W_query.weight` is the first third of our
`h.0.attn.c_attn.weight`. What wraps a model (compile, data parallelism) adds prefixes to all names.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

LM_HEAD = "lm_head.weight"

# Modules that wrap others without a tensor of their own: dropped wherever they are in a name.
_WRAPPERS = {"_orig_mod", "module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}
# Names under which a model stands in a larger one or in a checkpoint: dropped at the beginning.
_CONTAINERS = {"model", "net", "gpt", "pretrained_model", "state_dict", "model_state_dict"}
_CONTAINERS |= {"transformer"}

# Causal masks, which some versions save with the weights.
_MASK = re.compile(r"h\.\d+\.attn\.(bias|masked_bias)|trf_blocks\.\d+\.att\.mask")

_BOOK_BLOCK = re.compile(r"trf_blocks\.(\d+)\.(.+)\.(weight|bias|scale|shift)")
_BOOK_TOP = re.compile(r"(tok_emb|pos_emb|final_norm|out_head)\.(weight|scale|shift)")
# The book's modules -> ours, and which third of ours they are.
_BOOK_MODULES: dict[str, tuple[str, int | None]] = {
    "tok_emb": ("wte", None),
    "pos_emb": ("wpe", None),
    "att.W_query": ("attn.c_attn", 0),
    "att.W_key": ("attn.c_attn", 1),
    "att.W_value": ("attn.c_attn", 2),
    "att.out_proj": ("attn.c_proj", None),
    "ff.layers.0": ("mlp.c_fc", None),
    "ff.layers.2": ("mlp.c_proj", None),
    "norm1": ("ln_1", None),
    "norm2": ("ln_2", None),
    "final_norm": ("ln_f", None),
    "out_head": ("lm_head", None),
}
_BOOK_PARAMETERS = {"weight": "weight", "bias": "bias", "scale": "weight", "shift": "bias"}

# The first part of the name of every tensor that the language model's logits depend on.
_BODY = {"wte", "wpe", "h", "ln_f", "lm_head", "tok_emb", "pos_emb", "trf_blocks", "final_norm"}
_BODY |= {"out_head"}


class TensorName(NamedTuple):
    """Our name of a tensor; `third` is set if it is only that third of ours."""

    name: str
    third: int | None = None


def is_book(labels: Iterable[str]) -> bool:
    """Whether a state dict with these names has the book's."""
    return any(unwrapped(label).startswith(("tok_emb.", "trf_blocks.")) for label in labels)


def unwrapped(label: str) -> str:
    """Return a tensor's name without what wrappers and containers added to it."""
    parts = [part for part in label.split(".") if part not in _WRAPPERS]
    while len(parts) > 1 and parts[0] in _CONTAINERS:
        parts = parts[1:]
    return ".".join(parts)


def our_name(label: str) -> TensorName | None:
    """Return our name of a tensor, its own if we have none, or None for a causal mask."""
    name = unwrapped(label)
    if _MASK.fullmatch(name):
        return None
    if match := _BOOK_BLOCK.fullmatch(name):
        layer, module, parameter = match.groups()
        prefix = f"h.{layer}."
    elif match := _BOOK_TOP.fullmatch(name):
        module, parameter = match.groups()
        prefix = ""
    else:
        return TensorName(name)
    if module not in _BOOK_MODULES:
        return TensorName(name)
    ours, third = _BOOK_MODULES[module]
    return TensorName(f"{prefix}{ours}.{_BOOK_PARAMETERS[parameter]}", third)


def book_name(name: str) -> str:
    """Return the book's name of our tensor; of a fused one, the name of its first third."""
    *path, parameter = name.split(".")
    module = ".".join(path[2:] if path[0] == "h" else path)
    theirs = next((key for key, (ours, _) in _BOOK_MODULES.items() if ours == module), module)
    if path[-1].startswith("ln_"):
        parameter = "scale" if parameter == "weight" else "shift"
    prefix = f"trf_blocks.{path[1]}." if path[0] == "h" else ""
    return f"{prefix}{theirs}.{parameter}"


def is_extra_head(name: str) -> bool:
    """Whether our name is of a head beside the language model, whose logits do not need it."""
    return name.split(".")[0] not in _BODY

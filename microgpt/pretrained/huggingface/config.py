"""Hugging Face's config.json of a GPT-2: read, checked, and written."""

from pathlib import Path
from typing import Any

from microgpt.checkpoints import json_io
from microgpt.config import GPTConfig
from microgpt.errors import FormatError, MicrogptError

FILE = "config.json"

# Our name -> theirs.
_SIZES = {
    "vocab_size": "vocab_size",
    "block_size": "n_positions",
    "n_layer": "n_layer",
    "n_head": "n_head",
    "n_embd": "n_embd",
}
_DROPOUTS = ("attn_pdrop", "embd_pdrop", "resid_pdrop")

# What this package's GPT-2 computes; an entry that is left out means this too. Both names of the
# activation are GELU by the hyperbolic tangent. Whether attention is upcast
# (reorder_and_upcast_attn) makes no difference in float32.
_REQUIRED: dict[str, tuple] = {
    "model_type": ("gpt2",),
    "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
    "layer_norm_epsilon": (1e-5,),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "add_cross_attention": (False,),
    "quantization_config": (None,),
}


def read(file: Path) -> GPTConfig:
    """The configuration that the file describes; what this package does not compute is refused."""
    found = json_io.read(file)
    for name, known in _REQUIRED.items():
        if name in found and found[name] not in known:
            wanted = " or ".join(repr(choice) for choice in known)
            raise FormatError(f"{file}: {name} must be {wanted}; got {found[name]!r:.100}")
    if "n_positions" not in found and "n_ctx" in found:  # its name in older files
        found["n_positions"] = found["n_ctx"]
    missing = [name for name in _SIZES.values() if name not in found]
    if missing:
        raise FormatError(f"{file} must say {', '.join(missing)}; it does not")
    sizes = {ours: found[theirs] for ours, theirs in _SIZES.items()}
    sizes |= {"dropout": _dropout(found), "init_std": found.get("initializer_range", 0.02)}
    config = gpt2_shape(str(file), **sizes)
    if found.get("n_inner") not in (None, 4 * config.n_embd):
        raise FormatError(
            f"{file}: n_inner must be 4 times n_embd, or null; got {found['n_inner']!r:.100}"
        )
    return config


def gpt2_shape(where: str, **sizes: Any) -> GPTConfig:
    """A GPT-2 of these sizes; `where` they stood is for the error."""
    try:
        return GPTConfig.preset("gpt2-124M", **sizes)
    except MicrogptError as error:
        raise FormatError(f"{where} does not describe a GPT-2: {error!s:.300}") from None


def _dropout(found: dict[str, Any]) -> Any:
    """One number, if the three kinds agree on it."""
    shares = [found.get(name, 0.1) for name in _DROPOUTS]
    return shares[0] if shares[0] == shares[1] == shares[2] else 0.0


def description(config: GPTConfig, eos_token_id: int | None) -> dict[str, Any]:
    """What config.json says of a model of ours in the shape of GPT-2."""
    found: dict[str, Any] = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}
    found |= {theirs: getattr(config, ours) for ours, theirs in _SIZES.items()}
    found |= {"n_inner": None, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}
    found |= dict.fromkeys(_DROPOUTS, config.dropout)
    found |= {"initializer_range": config.init_std, "tie_word_embeddings": True}
    found |= {"bos_token_id": eos_token_id, "eos_token_id": eos_token_id, "dtype": "float32"}
    return found

"""Read, check and write Hugging Face's config.json for GPT-2."""

from pathlib import Path
from typing import Any

from microgpt._io.json_io import read_json
from microgpt.config import GPTConfig
from microgpt.errors import FormatError
from microgpt.plain_text import join_or
from microgpt.pretrained.weight_source import gpt2_config, select_fields
from microgpt.tokenizers import Tokenizer

CONFIG_FILE = "config.json"

# Our name -> theirs.
_SIZES = {
    "vocab_size": "vocab_size",
    "block_size": "n_positions",
    "n_layer": "n_layer",
    "n_head": "n_head",
    "n_embd": "n_embd",
}
# Other names of theirs: in older files, in nanoGPT's model_args, in the book's dictionary.
_OTHER_NAMES = {
    "n_positions": ("n_ctx", "block_size", "context_length"),
    "n_layer": ("n_layers",),
    "n_head": ("n_heads",),
    "n_embd": ("emb_dim",),
}
_DROPOUTS = ("attn_pdrop", "embd_pdrop", "resid_pdrop")
_OTHER_DROPOUTS = ("dropout", "drop_rate")  # nanoGPT's and the book's

# The values that this package's GPT-2 implements; they are also the defaults of missing entries.
# Both names of the activation mean GELU with the tanh approximation. reorder_and_upcast_attn is
# not checked, since it makes no difference in float32.
_SUPPORTED: dict[str, tuple] = {
    "model_type": ("gpt2",),
    "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
    "layer_norm_epsilon": (1e-5,),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "add_cross_attention": (False,),
    "quantization_config": (None,),
}


def read_config(file: Path) -> GPTConfig:
    """Read a config.json; raise FormatError if this package does not implement its model."""
    content = read_json(file)
    for name, supported in _SUPPORTED.items():
        if name in content and content[name] not in supported:
            expected = join_or(map(repr, supported))
            raise FormatError(f"{file}: {name} must be {expected}; got {content[name]!r:.100}")
    for name, others in _OTHER_NAMES.items():
        for other in others:
            if other in content:
                content.setdefault(name, content[other])
    config = gpt2_config(
        file,
        **select_fields(file, content, _SIZES),
        dropout=_common_dropout(content),
        init_std=content.get("initializer_range", 0.02),
    )
    if content.get("n_inner") not in (None, 4 * config.n_embd):
        raise FormatError(
            f"{file}: n_inner must be 4 times n_embd, or null; got {content['n_inner']!r:.100}"
        )
    return config


def reads_tied(file: Path) -> bool | None:
    """Return whether a config.json has the output head tied to the embedding, None if unsaid."""
    tied = read_json(file).get("tie_word_embeddings")
    if tied is not None and not isinstance(tied, bool):
        raise FormatError(f"{file}: tie_word_embeddings must be true or false; got {tied!r:.100}")
    return tied


def _common_dropout(content: dict[str, Any]) -> Any:
    """Return the dropout rate if all three dropouts have the same, else 0."""
    for name in _OTHER_DROPOUTS:
        if name in content:
            return content[name]
    rates = [content.get(name, 0.1) for name in _DROPOUTS]
    return rates[0] if rates[0] == rates[1] == rates[2] else 0.0


def to_config_json(config: GPTConfig, tokenizer: Tokenizer | None) -> dict[str, Any]:
    """Return the content of config.json for one of our GPT-2 models."""
    content: dict[str, Any] = {"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}
    content |= {theirs: getattr(config, ours) for ours, theirs in _SIZES.items()}
    content |= {"n_inner": None, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5}
    content |= dict.fromkeys(_DROPOUTS, config.dropout)
    content |= {"initializer_range": config.init_std, "tie_word_embeddings": True}
    for name in ("bos_token_id", "eos_token_id"):
        content[name] = None if tokenizer is None else getattr(tokenizer, name)
    return content | {"dtype": "float32"}

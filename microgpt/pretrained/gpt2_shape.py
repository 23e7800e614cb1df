"""What a model must be for other programs to call it a GPT-2."""

from dataclasses import fields

from microgpt.config import GPTConfig
from microgpt.errors import SettingError

_FREE = {"vocab_size", "block_size", "n_layer", "n_head", "n_embd", "n_kv_head"}
_FREE |= {"qkv_bias", "dropout", "init_std"}


def require_gpt2(config: GPTConfig) -> None:
    """Refuse a model that other programs' GPT-2 cannot be; sizes and dropout are free."""
    gpt2 = GPTConfig.preset("gpt2-124M")
    names = [field.name for field in fields(GPTConfig) if field.name not in _FREE]
    differing = [
        f"{name}={getattr(config, name)!r} must be {getattr(gpt2, name)!r}"
        for name in names
        if getattr(config, name) != getattr(gpt2, name)
    ]
    if not config.has_qkv_bias and config.bias:
        differing.append(f"qkv_bias={config.qkv_bias!r} must be True")
    if differing:
        raise SettingError(
            "only a model in the shape of GPT-2 can be written for other programs: "
            f"{'; '.join(differing)}"
        )

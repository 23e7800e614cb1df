"""What a model must be for other programs to call it a GPT-2."""

from dataclasses import fields, replace

import numpy as np

from microgpt.config import GPTConfig
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT

_FREE = {"vocab_size", "block_size", "n_layer", "n_head", "n_embd", "n_kv_head"}
_FREE |= {"qkv_bias", "dropout", "init_std"}


def check_gpt2_config(config: GPTConfig) -> None:
    """Refuse a model that other programs' GPT-2 cannot be; sizes and dropout are free."""
    gpt2 = GPTConfig.preset("gpt2-124M")
    names = [field.name for field in fields(GPTConfig) if field.name not in _FREE]
    differing = [
        f"{name}={getattr(config, name)!r} must be {getattr(gpt2, name)!r}"
        for name in names
        if getattr(config, name) != getattr(gpt2, name)
    ]
    if differing:
        raise SettingError(
            "only a model in the shape of GPT-2 can be written for other programs: "
            f"{'; '.join(differing)}"
        )


def gpt2_state_dict(model: GPT) -> dict[str, np.ndarray]:
    """The weights of a GPT-2 by our names, not copied; biases that ours may lack are zeros."""
    arrays = {name: parameter.array for name, parameter in model.named_parameters()}
    shapes = replace(model.config, qkv_bias=None).parameter_shapes()
    return {
        name: arrays[name] if name in arrays else np.zeros(shape, np.float32)
        for name, shape in shapes.items()
    }

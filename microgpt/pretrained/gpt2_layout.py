"""GPT-2's layout in other programs' files: config, tensors, and which matrices are transposed."""

import re
from dataclasses import fields, replace

import numpy as np

from microgpt.backends.memory import as_host
from microgpt.config import GPTConfig
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT

_FREE_FIELDS = {"vocab_size", "block_size", "n_layer", "n_head", "n_embd"}
_FREE_FIELDS |= {"qkv_bias", "dropout", "init_std"}

# The weights of the Conv1D layers in OpenAI's and Hugging Face's code, which are (in, out).
_CONV1D = re.compile(r"h\.\d+\.(attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)\.weight")


def check_gpt2_config(config: GPTConfig) -> None:
    """Raise SettingError unless the architecture is GPT-2's; sizes and dropout may vary."""
    gpt2 = GPTConfig.preset("gpt2-124M")
    names = [field.name for field in fields(GPTConfig) if field.name not in _FREE_FIELDS]
    differing = [name for name in names if getattr(config, name) != getattr(gpt2, name)]
    if differing:
        got = [getattr(config, name) for name in differing]
        expected = {name: getattr(gpt2, name) for name in differing}
        values = ", ".join(f"{{{name}}}" for name in differing)
        raise SettingError(
            differing,
            f"{values}, as in GPT-2, to be written for other programs",
            got if len(got) > 1 else got[0],
            "`microgpt train --preset gpt2-small` trains such a model",
            **expected,
        )


def gpt2_state_dict(model: GPT) -> dict[str, np.ndarray]:
    """Return a GPT-2's weights under our names, without copying; biases it lacks become zeros."""
    arrays = {name: as_host(parameter.array) for name, parameter in model.named_parameters()}
    shapes = replace(model.config, qkv_bias=None).parameter_shapes()
    return {
        name: arrays[name] if name in arrays else np.zeros(shape, np.float32)
        for name, shape in shapes.items()
    }


def is_conv1d(name: str) -> bool:
    """Whether OpenAI and Hugging Face store this matrix as (in, out), the transpose of ours."""
    return _CONV1D.fullmatch(name) is not None

"""GPTConfig: architectures that cannot be."""

import dataclasses

import numpy as np
import pytest

from microgpt.config import PRESETS, GPTConfig, from_dict
from microgpt.errors import SettingError, ShapeError


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"norm": "layrnorm"},
            "norm must be one of 'rmsnorm', 'layernorm'; got 'layrnorm'; did you mean 'layernorm'",
        ),
        (
            {"activation": "gelo"},
            "activation must be one of 'relu', 'gelu', 'tanh', 'sigmoid'; got 'gelo'",
        ),
        ({"position": "rotary"}, "position must be one of 'learned', 'none'; got 'rotary'"),
        ({"dropout": 1.0}, r"dropout must be at least 0 and below 1; got 1\.0"),
        ({"n_layer": 0}, "n_layer must be a positive integer; got 0"),
        ({"vocab_size": 2.5}, r"vocab_size must be a positive integer; got 2\.5"),
        ({"init_std": 0}, "init_std must be above 0 and at most 1000; got 0"),
        ({"bias": 1}, "bias must be True or False; got 1"),
        ({"qkv_bias": "no"}, "qkv_bias must be True or False; got 'no'"),
    ],
    ids=lambda part: next(iter(part)) if isinstance(part, dict) else "",
)
def test_wrong_settings(settings, message):
    with pytest.raises(SettingError, match=message):
        GPTConfig(**settings)


def test_heads_divide_the_embedding():
    with pytest.raises(ShapeError, match="n_embd must be a multiple of n_head=4; got 10"):
        GPTConfig(n_embd=10, n_head=4)


@pytest.mark.parametrize(
    ("bias", "qkv_bias", "expected"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True)],
)
def test_queries_keys_and_values_may_have_another_bias(bias, qkv_bias, expected):
    config = GPTConfig(bias=bias, qkv_bias=qkv_bias)
    assert config.has_qkv_bias is expected
    shapes = config.parameter_shapes()
    assert ("h.0.attn.c_attn.bias" in shapes) is expected
    assert ("h.0.attn.c_proj.bias" in shapes) is bias


def test_the_shapes_of_more_tensors_than_a_file_has_are_not_made():
    """A damaged header may claim any number of layers."""
    config = GPTConfig(n_layer=3)  # four matrices in each block
    assert len(config.parameter_shapes(12)) == 12 + 3
    with pytest.raises(ShapeError, match="3 layers of 4 tensors cannot come from 11"):
        config.parameter_shapes(11)


def test_presets_are_known_by_name():
    assert GPTConfig.preset("char") == PRESETS["char"]
    with pytest.raises(SettingError, match="preset must be one of 'microgpt', 'char', 'gpt2-small"):
        GPTConfig.preset("gtp")


def test_a_configuration_from_a_file():
    config = GPTConfig(n_embd=np.int64(8), qkv_bias=True)
    assert type(config.n_embd) is int
    assert from_dict(GPTConfig, dataclasses.asdict(config)) == config
    with pytest.raises(SettingError, match=r"a field of GPTConfig must be one of .*; got 'n_head"):
        from_dict(GPTConfig, {"n_heads": 4})

"""config.json: what this package computes, and anything else refused."""

import pytest
from huggingface_files import JSON, config_json, folder_with, theirs
from hypothesis import given
from hypothesis import strategies as st
from random_gpt2 import FUZZ, load, loads_or_refuses, random_model

from microgpt.errors import FormatError
from microgpt.pretrained.huggingface import config

UNSUPPORTED = {
    "activation_function": "relu",
    "layer_norm_epsilon": 1e-6,
    "model_type": "llama",
    "scale_attn_weights": False,
    "scale_attn_by_inverse_layer_idx": True,
    "add_cross_attention": True,
    "n_inner": 64,
    "n_layer": 10**15,
    "n_head": 3,
    "n_embd": "8",
    "vocab_size": -1,
    "n_positions": 1e300,
    "attn_pdrop": 7,
    "initializer_range": "0.02",
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_config_json_may_not_say(tmp_path, name):
    changes = {name: UNSUPPORTED[name]}
    if name.endswith("pdrop"):
        changes |= {"embd_pdrop": 7, "resid_pdrop": 7}
    folder = folder_with(tmp_path, theirs(random_model()), config_json(**changes))
    with pytest.raises(FormatError, match=r"model") as refused:
        load(folder)
    assert str(folder) in str(refused.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "must be UTF-8"),
        (b"[1]", "must be a JSON object"),
        (b"{", "is not JSON"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"n_layer": 1, "n_layer": 2}', "'n_layer' comes twice"),
        (b'{"n_embd": 8}', "must have vocab_size, n_positions, n_layer, n_head"),
        (b" " * (2 << 20), "JSON of at most"),
    ],
)
def test_config_json_that_is_none(tmp_path, content, message):
    folder = folder_with(tmp_path, theirs(random_model()))
    (folder / "config.json").write_bytes(content)
    with pytest.raises(FormatError, match=message) as refused:
        load(folder)
    assert str(folder / "config.json") in str(refused.value)


ENTRIES = [*config_json(), "n_ctx", "n_inner", "initializer_range"]


ENTRIES += [*config._SUPPORTED, *config._DROPOUTS]


@FUZZ
@given(st.dictionaries(st.sampled_from(ENTRIES), JSON, max_size=3))
def test_any_config_json_is_refused_or_read(tmp_path, changes):
    folder = folder_with(tmp_path, theirs(random_model()), config_json(**changes))
    loads_or_refuses(folder / "model.safetensors")


@pytest.mark.parametrize("value", [None, "0.02", True, [0.02], float("nan")])
def test_an_initializer_range_that_is_no_number(tmp_path, value):
    folder = folder_with(tmp_path, theirs(random_model()), config_json(initializer_range=value))
    with pytest.raises(FormatError, match=r"config.json does not describe a GPT-2: init_std must"):
        load(folder)

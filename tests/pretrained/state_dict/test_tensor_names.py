"""Names of tensors in other programs' state dicts."""

import pytest

import microgpt as mg
from microgpt.pretrained.state_dict.tensor_names import (
    TensorName,
    book_name,
    is_extra_head,
    our_name,
)

NAMES = {
    "wte.weight": TensorName("wte.weight"),
    "transformer.h.11.attn.c_attn.bias": TensorName("h.11.attn.c_attn.bias"),
    "_orig_mod.transformer.ln_f.weight": TensorName("ln_f.weight"),
    "module.model.transformer.wpe.weight": TensorName("wpe.weight"),
    "transformer.h.0._orig_mod.mlp.c_fc.weight": TensorName("h.0.mlp.c_fc.weight"),
    "_fsdp_wrapped_module.h.0.ln_1.bias": TensorName("h.0.ln_1.bias"),
    "model.lm_head.weight": TensorName("lm_head.weight"),
    "transformer.h.0.attn.bias": None,
    "h.3.attn.masked_bias": None,
    "trf_blocks.7.att.W_query.weight": TensorName("h.7.attn.c_attn.weight", 0),
    "trf_blocks.7.att.W_key.bias": TensorName("h.7.attn.c_attn.bias", 1),
    "model.trf_blocks.7.att.W_value.weight": TensorName("h.7.attn.c_attn.weight", 2),
    "trf_blocks.0.norm2.shift": TensorName("h.0.ln_2.bias"),
    "trf_blocks.0.ff.layers.2.bias": TensorName("h.0.mlp.c_proj.bias"),
    "_orig_mod.final_norm.scale": TensorName("ln_f.weight"),
    "trf_blocks.0.att.mask": None,
    "trf_blocks.0.att.lora.weight": TensorName("trf_blocks.0.att.lora.weight"),
    "transformer": TensorName("transformer"),
    "": TensorName(""),
}


@pytest.mark.parametrize("label", NAMES)
def test_our_names(label):
    assert our_name(label) == NAMES[label]


def test_the_book_s_names_of_all_tensors():
    config = mg.GPTConfig.preset("gpt2-124M", n_layer=2, tie_weights=False)
    for name in config.parameter_shapes():
        assert our_name(book_name(name)).name == name
    assert book_name("h.1.attn.c_attn.bias") == "trf_blocks.1.att.W_query.bias"
    assert book_name("h.1.ln_1.weight") == "trf_blocks.1.norm1.scale"
    assert book_name("lm_head.weight") == "out_head.weight"


def test_a_head_beside_the_language_model_s():
    assert all(map(is_extra_head, ("score.weight", "v_head.summary.bias", "classifier.weight")))
    inside = ("lm_head.bias", "h.0.attn.lora_A.weight", "out_head.bias", "wte.lora.weight")
    assert not any(map(is_extra_head, inside))

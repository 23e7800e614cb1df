"""A forward pass as it is drawn: its numbers are the model's."""

import numpy as np
import pytest

import microgpt as mg
from microgpt.widgets.forward_pass_state import run_forward_pass
from microgpt.widgets.model_lookup import load_source


def test_the_activations_are_the_models():
    source = load_source("names")
    forward = run_forward_pass(source, "ann")
    config = source.model.config
    assert forward.shown_labels() == ["start", "a", "n", "n"]
    assert (forward.num_layers, forward.num_heads) == (config.n_layer, config.n_head)
    assert forward.attention_weights.shape == (4, 4, 4)
    np.testing.assert_allclose(forward.attention_weights.sum(-1), 1, rtol=1e-5)
    assert forward.mlp_hidden.shape == (4, 4 * config.n_embd)
    tokens, weights = list(forward.token_ids), source.model.state_dict()
    embedding = weights["wte.weight"][tokens] + weights["wpe.weight"][:4]
    np.testing.assert_allclose(forward.embedding, embedding, rtol=1e-6)
    np.testing.assert_allclose(forward.logits, source.model(tokens).numpy(), rtol=1e-4)
    np.testing.assert_allclose(forward.probs.sum(-1), 1)
    assert forward.ranked_ids[:, 0].tolist() == forward.logits.argmax(-1).tolist()


def test_of_more_tokens_than_fit_the_activations_of_the_last_are_kept():
    source = load_source("names")
    forward, whole = run_forward_pass(source, "maximiliana"), "maximiliana"
    tokens = source.encode_prompt(whole)
    assert (forward.token_ids, forward.num_shown) == (tokens, 6)
    assert forward.attention_weights.shape == (4, 6, 12)
    np.testing.assert_allclose(
        forward.logits, source.model(list(tokens)).numpy()[-6:], rtol=1e-4, atol=1e-5
    )
    assert not forward.is_cut


def test_of_a_text_longer_than_the_block_the_last_tokens_are_run():
    source = load_source("names")
    forward = run_forward_pass(source, "anna" * 5)
    assert forward.is_cut
    assert forward.token_ids == source.encode_text("anna" * 4)
    assert "“start”" not in repr(mg.widgets.forward_pass("names", "anna" * 5))


def test_all_heads_of_the_last_layer_are_kept():
    source = load_source("story")
    seen = mg.activations(source.model, [source.encode_prompt("Once")])
    forward = run_forward_pass(source, "Once")
    weights = seen["h.2.attn.weights"][0]
    np.testing.assert_allclose(forward.attention_weights, weights, rtol=1e-4, atol=1e-6)
    assert not np.allclose(weights[0], weights[1], atol=1e-3)
    assert (forward.num_layers, forward.unit, forward.bos_id) == (3, "letter", None)


def gpt_source(**config):
    from microgpt.widgets.model_lookup import find_gpt_source

    model = mg.GPT(mg.GPTConfig(**config), backend="numpy", seed=3)
    return find_gpt_source(model, mg.load_corpus("names-mini"), None)


SOURCES = {
    "names": lambda: load_source("names"),
    "story": lambda: load_source("story"),
    "final norm": lambda: gpt_source(vocab_size=27, n_layer=2, norm="layernorm", final_norm=True),
    "no first norm": lambda: gpt_source(vocab_size=27, embedding_norm=False),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_attention_and_mlp_are_added_to_the_residual_stream(make):
    source = make()
    forward = run_forward_pass(source, "anna")
    seen = mg.activations(source.model, [list(forward.token_ids)])
    layer = f"h.{forward.num_layers - 1}"
    for ours, name in (
        (forward.attention_out, "attn.out"), (forward.mlp_out, "mlp.out"),
        (forward.resid_post, "out"),
    ):  # fmt: skip
        np.testing.assert_allclose(ours, seen[f"{layer}.{name}"][0], rtol=1e-4, atol=1e-5)
    near = {"rtol": 1e-5, "atol": 1e-5}
    np.testing.assert_allclose(forward.resid_pre + forward.attention_out, forward.resid_mid, **near)
    np.testing.assert_allclose(forward.resid_mid + forward.mlp_out, forward.resid_post, **near)
    for part in (forward.attention_out, forward.mlp_out):
        assert abs(part).max() > 1e-4
    if forward.num_layers > 1:
        before = seen[f"h.{forward.num_layers - 2}.out"][0]
    else:
        before = forward.embedding
        if forward.embedding_norm:
            before = before / np.sqrt((before**2).mean(-1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(forward.resid_pre, before, rtol=1e-4, atol=1e-5)


def test_a_replaced_operation_is_followed_too():
    source = load_source("names")

    def double_norms(name, op, arguments, options):
        y = op(*arguments, **options)
        return 2 * y if name == "rms_norm" else y

    with mg.autograd.engine.override_ops(double_norms):
        doubled = run_forward_pass(source, "ann")
    usual = run_forward_pass(source, "ann")
    np.testing.assert_allclose(doubled.resid_pre, 2 * usual.resid_pre, rtol=1e-5)
    assert not np.allclose(doubled.logits, usual.logits)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Type at least one letter to follow."),
        ("  ", "Type at least one letter to follow."),
        ("zoë7", r"has no “7”, “ë”: it has abcdefghijklmnopqrstuvwxyz\."),
    ],
)
def test_what_cannot_be_followed_is_said(text, message):
    with pytest.raises(mg.TokenError, match=message):
        run_forward_pass(load_source("names"), text)


def test_capitals_are_read_in_lower_case_only_if_the_model_has_none():
    assert run_forward_pass(load_source("names"), " Anna ").text == "anna"
    assert run_forward_pass(load_source("story"), "The ").text == "The "


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((mg.GPT(backend="numpy"), "ann", "names-mini"), "from mg.load_corpus"),
        ((mg.GPT(backend="numpy"), "ann"), "hand over its corpus"),
        (("gpt5", "ann"), "'names', 'story'"),
        (("long tail (made-up numbers)", "ann"), "one that reads text"),
        (("names", 7), "text must be a string"),
        (("names", ""), "Type at least one letter"),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments, message):
    with pytest.raises(mg.MicrogptError, match=message):
        mg.widgets.forward_pass(*arguments)

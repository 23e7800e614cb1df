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
    assert forward.attention_weights.shape == (4, 4)
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
    assert forward.attention_weights.shape == (6, 12)
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


def test_the_first_head_of_the_last_layer_is_kept():
    source = load_source("story")
    seen = {}
    with mg.autograd.engine.hook_activations(lambda name, node: seen.setdefault(name, node)):
        source.model([source.encode_prompt("Once")])
    forward = run_forward_pass(source, "Once")
    weights = seen["h.2.attn.weights"].numpy()[0]
    np.testing.assert_allclose(forward.attention_weights, weights[0], rtol=1e-4, atol=1e-6)
    assert not np.allclose(weights[0], weights[1], atol=1e-3)
    assert (forward.num_layers, forward.unit, forward.bos_id) == (3, "letter", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Type at least one letter to follow."),
        ("  ", "Type at least one letter to follow."),
        ("zoë7", r"has no '7', 'ë': it has abcdefghijklmnopqrstuvwxyz\."),
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

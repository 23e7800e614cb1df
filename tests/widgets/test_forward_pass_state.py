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
    assert forward.token_labels == ["start", "a", "n", "n"]
    assert forward.embedding.shape == (4, config.n_embd)
    assert forward.attention_weights.shape == (config.n_head, 4, 4)
    np.testing.assert_allclose(forward.attention_weights.sum(-1), 1, rtol=1e-5)
    assert forward.mlp_hidden.shape == (4, 4 * config.n_embd)
    expected = source.model(list(forward.token_ids)).numpy()[-1]
    np.testing.assert_allclose(forward.logits, expected, rtol=1e-4)
    assert forward.probs.sum() == pytest.approx(1)
    assert "becomes 4 tokens" in repr(mg.widgets.forward_pass("names", "ann"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((mg.GPT(backend="numpy"), "ann", "names-mini"), "from mg.load_corpus"),
        ((mg.GPT(backend="numpy"), "ann"), "hand over its corpus"),
        (("gpt5", "ann"), "'names', 'story'"),
        (("long tail (made-up numbers)", "ann"), "one that reads text"),
    ],
)
def test_wrong_arguments_are_one_sentence(arguments, message):
    with pytest.raises(mg.MicrogptError, match=message):
        mg.widgets.forward_pass(*arguments)

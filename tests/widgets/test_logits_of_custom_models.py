"""A view of a model with custom parts uses a copy of it."""

import numpy as np
from custom_models import OwnMLP

import microgpt as mg


def test_a_view_of_a_changed_model_looks_at_its_copy():
    from microgpt.widgets.logits_source import ModelLogits

    corpus = mg.load_corpus(text="ab\nba\nabba")
    model = mg.GPT(mg.GPTConfig(vocab_size=3), backend="numba")
    model.h[0].mlp = OwnMLP()
    source = ModelLogits("mine", model, corpus.tokenizer())
    assert source.model.backend.name == "numpy"
    assert isinstance(source.model.h[0].mlp, OwnMLP)
    expected = model([0]).numpy()[-1]
    np.testing.assert_allclose(source.next_token_logits(1, (0,)), expected, rtol=1e-5, atol=1e-6)

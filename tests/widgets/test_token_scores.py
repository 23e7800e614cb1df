"""The likelihood of a text is the product of its tokens' probabilities."""

from dataclasses import replace

import numpy as np
import pytest

import microgpt as mg
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.model_lookup import load_source
from microgpt.widgets.token_scores import (
    score_text,
    text_scores,
    token_log_frequencies,
    total_nll,
)


def test_a_typed_name_is_the_product_of_its_letters():
    names = load_source("names")
    scores = score_text(names, "anna")
    tokens = names.tokenizer.encode("anna", bos=True, eos=True)
    losses = mg.ops.cross_entropy_per_token(names.model([tokens[:-1]]), [tokens[1:]]).numpy()
    assert total_nll(scores) == pytest.approx(float(losses.astype(np.float64).sum()), abs=1e-5)
    logits = names.model(tokens[:-1]).numpy().astype(np.float64)
    probs = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    product = np.prod([row[token] for row, token in zip(probs, tokens[1:], strict=True)])
    assert np.exp(-total_nll(scores)) == pytest.approx(product, rel=1e-6)
    filtered = score_text(names, "aq", mg.SampleConfig(top_k=5))
    assert filtered[1].prob == 0
    assert filtered[1].binding_filter == "top_k"
    assert total_nll(filtered) == float("inf")


def test_one_impossible_token_makes_a_text_impossible():
    scores = score_text(load_source("names"), "ann")
    for index in range(len(scores)):
        changed = [*scores]
        changed[index] = replace(changed[index], prob=0.0)
        assert total_nll(changed) == float("inf")
    assert total_nll([replace(score, prob=1.0) for score in scores]) == 0.0
    assert total_nll([]) == 0.0


def test_a_text_without_scores_says_why():
    names = load_source("names")
    assert text_scores(names, "joséÖ").unknown_chars == ("Ö", "é")
    assert "at most 15 letters" in text_scores(names, "a" * 100).error
    assert text_scores(names, "anna").memorization == "trained on"


def test_frequencies_are_those_of_characters_and_ends():
    corpus = mg.load_corpus(text="ab\nb")
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=3), backend="numpy")
    source = ModelLogits("own", model, corpus.tokenizer())
    assert np.exp(token_log_frequencies(source, corpus)) == pytest.approx([0.2, 0.4, 0.4])
    other = mg.load_corpus(text="aa\nac")  # whose c the model does not know
    assert np.exp(token_log_frequencies(source, other)) == pytest.approx([0.6, 0.0, 0.4])
    assert token_log_frequencies(source, None) is None

"""Where logits come from: a copy of a model, or a row of numbers."""

import numpy as np
import pytest

import microgpt as mg
from microgpt import sampling as mg_sampling
from microgpt.widgets import logits_source
from microgpt.widgets.logits_source import ModelLogits, zipf_logits
from microgpt.widgets.sampling_trace import SamplingTrace


def test_the_long_tail_is_long():
    trace = SamplingTrace(zipf_logits())
    mass = [trace.with_params(temperature=T).sampled.cumulative[49] for T in (0.5, 1.0, 2.0)]
    assert [round(float(held), 2) for held in mass] == [0.99, 0.53, 0.04]


def test_a_source_does_not_follow_a_model_that_trains_on():
    model = mg.GPT(backend="numpy")
    corpus = mg.load_corpus("names-mini")
    source, other = (ModelLogits("mine", model, corpus.tokenizer()) for _ in range(2))
    before = SamplingTrace(other, "an").sampled.probabilities.copy()
    mg.Trainer(model, corpus, mg.TrainConfig(steps=5)).run()
    # The source has not been asked before, so it has nothing to remember.
    np.testing.assert_array_equal(SamplingTrace(source, "an").sampled.probabilities, before)


def test_the_cache_of_logits_is_bounded(monkeypatch):
    source = ModelLogits("mine", mg.GPT(backend="numpy"), mg.load_corpus("names-mini").tokenizer())
    monkeypatch.setattr(logits_source, "MAX_CACHED_LOGITS", 3 * source.vocab_size)
    for length in range(1, 12):
        source.next_token_logits(1, (26,) * length)
        assert len(source._cache) <= 3


def test_logits_are_those_of_a_new_decoder_whatever_was_asked_before():
    source = ModelLogits("mine", mg.GPT(backend="numpy"), mg.load_corpus("names-mini").tokenizer())
    tokens = (26, 0, 13, 13, 0)
    for prompt_length, length in [(2, 2), (2, 3), (1, 3), (1, 4), (3, 5), (2, 4), (1, 1), (4, 4)]:
        decoder = mg_sampling.Decoder(source.model, tokens[:prompt_length])
        for token in tokens[prompt_length:length]:
            decoder.append(token)
        np.testing.assert_array_equal(
            source.next_token_logits(prompt_length, tokens[:length]), decoder.logits()
        )


def test_a_tokenizer_of_another_size_is_refused():
    with pytest.raises(mg.ShapeError, match="tokenizer must be one of 27 tokens"):
        ModelLogits("mine", mg.GPT(backend="numpy"), mg.tokenizers.CharTokenizer("ab"))

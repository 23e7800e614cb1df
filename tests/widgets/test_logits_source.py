"""Where logits come from: a copy of a model, or a row of numbers."""

import numpy as np

import microgpt as mg
from microgpt.widgets.logits_source import ModelLogits, zipf_logits
from microgpt.widgets.sampling_trace import SamplingTrace


def test_the_long_tail_is_long():
    trace = SamplingTrace(zipf_logits())
    mass = [trace.with_params(temperature=T).sampled.cumulative[49] for T in (0.5, 1.0, 2.0)]
    assert [round(float(held), 2) for held in mass] == [0.99, 0.53, 0.04]


def test_a_source_does_not_follow_a_model_that_trains_on():
    model = mg.GPT(backend="numpy")
    corpus = mg.load_corpus("names-mini")
    trace = SamplingTrace(ModelLogits("mine", model, corpus.tokenizer()), "an")
    before = trace.sampled.probabilities.copy()
    mg.Trainer(model, corpus, mg.TrainConfig(steps=5)).run()
    np.testing.assert_array_equal(SamplingTrace(trace.source, "an").sampled.probabilities, before)

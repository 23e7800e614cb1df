"""Views of models that read the last few tokens only."""

import numpy as np
import pytest

import microgpt as mg


def counted_pairs(corpus):
    tokenizer = corpus.tokenizer()
    pairs = mg.NGram(tokenizer.vocab_size)
    for name in corpus:
        ids = tokenizer.encode(name, bos=True, eos=True)
        pairs.count(ids[:-1], ids[1:])
    return pairs, tokenizer


@pytest.fixture(scope="module")
def corpus():
    return mg.load_corpus("names-mini")


def test_the_explorer_shows_the_counted_probabilities(corpus):
    pairs, _ = counted_pairs(corpus)
    view = mg.widgets.SamplingExplorer(pairs, corpus, compact=True)
    view.finish_button.click()
    assert mg.widgets.errors() == []
    trace = view.state
    context = trace.token_ids[-1]
    expected = pairs.probabilities[context]
    np.testing.assert_allclose(np.exp(trace.source.next_token_logits(0, (context,))), expected)


def test_a_view_keeps_what_the_model_was(corpus):
    pairs, _ = counted_pairs(corpus)
    view = mg.widgets.SamplingExplorer(pairs, corpus, compact=True)
    before = view.state.source.next_token_logits(1, (0,)).copy()
    pairs.counts[:] = 1
    np.testing.assert_array_equal(view.state.source.next_token_logits(1, (0,)), before)


def test_a_text_has_the_likelihood_of_its_pairs(corpus):
    pairs, tokenizer = counted_pairs(corpus)
    view = mg.widgets.TextLikelihood(pairs, corpus, text="anna")
    ids = tokenizer.encode("anna", bos=True, eos=True)
    assert view.state.scores().nll == pytest.approx(pairs.losses(ids[:-1], ids[1:]).sum())


def test_a_network_on_a_few_letters_can_be_explored(corpus):
    view = mg.widgets.SamplingExplorer(mg.models.MLP(backend="numpy"), corpus, compact=True)
    view.finish_button.click()
    assert mg.widgets.errors() == []


def test_views_of_blocks_need_a_gpt(corpus):
    pairs, _ = counted_pairs(corpus)
    with pytest.raises(mg.SettingError, match="a GPT, with blocks to look into"):
        mg.widgets.forward_pass(pairs, "anna", corpus)
    with pytest.raises(mg.SettingError, match="model must be a GPT"):
        mg.widgets.sample_table(pairs, corpus)

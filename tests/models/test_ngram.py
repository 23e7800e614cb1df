"""Counted models: what they count, and what a text costs under them."""

from math import log

import numpy as np
import pytest

import microgpt as mg


def rows():
    """Three names as rows: BOS is 2, and −1 is ignored."""
    tokens = np.array([[2, 0, 1], [2, 1, 0], [2, 0, 0]])
    targets = np.array([[0, 1, 2], [1, 2, -1], [0, 0, 2]])
    return tokens, targets


def test_letters_pairs_and_triples_are_counted():
    tokens, targets = rows()
    letters, pairs, triples = (mg.NGram(3, n, 0.5).count(tokens, targets) for n in (1, 2, 3))
    assert letters.counts.tolist() == [3.5, 2.5, 3.5]
    assert pairs.counts[2].tolist() == [2.5, 1.5, 0.5]
    assert triples.counts[2, 0].tolist() == [1.5, 1.5, 0.5]  # after the start and a 0
    assert triples.counts[2, 2].tolist() == [2.5, 1.5, 0.5]  # before the start there is the start
    for model in (letters, pairs, triples):
        assert model.counts.sum() == pytest.approx(8 + 0.5 * 3**model.n)
        np.testing.assert_allclose(model.probabilities.sum(-1), 1)


def test_shorter_contexts_are_sums_of_longer_ones():
    corpus = mg.load_corpus("names-mini")
    tokenizer = corpus.tokenizer()
    models = [mg.NGram(tokenizer.vocab_size, n, 1e-9) for n in (1, 2, 3)]
    for name in corpus:
        ids = tokenizer.encode(name, bos=True, eos=True)
        for model in models:
            model.count(ids[:-1], ids[1:])
    np.testing.assert_allclose(models[1].counts.sum(0), models[0].counts, atol=1e-4)
    np.testing.assert_allclose(models[2].counts.sum(0), models[1].counts, atol=1e-4)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_losses_are_the_counted_shares(n):
    tokens, targets = rows()
    model = mg.NGram(3, n).count(tokens, targets)
    losses = model.losses(tokens, targets)
    assert losses[1, 2] == 0  # ignored
    for row, column in np.argwhere(targets >= 0):
        before = [tokens[row, max(0, column - back)] for back in range(n - 2, -1, -1)]
        counts = model.counts[tuple(before)]
        expected = -log(counts[targets[row, column]] / counts.sum())
        assert losses[row, column] == pytest.approx(expected)
    np.testing.assert_allclose(np.exp(model.log_probs(tokens)).sum(-1), 1)
    assert model.log_probs(tokens).shape == (3, 3, 3)


def test_by_default_triples_guess_unseen_names_better_than_with_one_for_each_count():
    train, held_out = mg.load_corpus("names-mini").distinct().split()
    tokenizer = train.tokenizer()
    ids = [tokenizer.encode(name, bos=True, eos=True) for name in train]
    default, laplace = mg.NGram(27, 3), mg.NGram(27, 3, smoothing=1)
    for row in ids:
        default.count(row[:-1], row[1:])
        laplace.count(row[:-1], row[1:])
    rows = [tokenizer.encode(name, bos=True, eos=True) for name in held_out]
    losses = [
        sum(model.losses(row[:-1], row[1:]).sum() for row in rows) for model in (default, laplace)
    ]
    assert losses[0] < 0.99 * losses[1]


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(mg.SettingError, match="above 0 and finite"):
        mg.NGram(3, smoothing=0)
    with pytest.raises(mg.SettingError, match="n must be"):
        mg.NGram(3, n=0)
    with pytest.raises(mg.MicrogptError, match=r"50257ⁿ counts are at most 33,554,432"):
        mg.NGram(50_257)
    with pytest.raises(mg.MicrogptError, match="counts are at most"):
        mg.NGram(5, 10**9)
    with pytest.raises(mg.SettingError, match="smoothing must be a number"):
        mg.NGram(3, smoothing="1")
    with pytest.raises(mg.TokenError, match="from 0 to 2"):
        mg.NGram(3).count([0, 3], [1, 2])
    with pytest.raises(mg.TokenError, match="from 0 to 2"):
        mg.NGram(3).losses([0, 1], [1, -2])
    with pytest.raises(mg.ShapeError, match="one shape"):
        mg.NGram(3).count(0, 1)
    with pytest.raises(mg.TokenError, match="from 0 to 2"):
        mg.NGram(3).losses([0, 1], [1, 3])
    with pytest.raises(mg.ShapeError, match="one shape"):
        mg.NGram(3).count([0, 1], [1])

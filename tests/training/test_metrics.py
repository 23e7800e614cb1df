"""Evaluations with their standard error, and perplexity."""

import numpy as np
import pytest


def test_the_mean_per_token_and_its_standard_error():
    from microgpt.training import Evaluation

    rng = np.random.default_rng(0)
    means = []
    for _ in range(400):
        counts = rng.integers(2, 9, 200)
        losses = counts * (2 + rng.normal(size=200))
        means.append(Evaluation.from_rows(losses, counts))
    spread = np.std([mean.loss for mean in means])
    assert np.mean([mean.stderr for mean in means]) == pytest.approx(spread, rel=0.1)
    assert np.isnan(Evaluation.from_rows(np.array([2.0]), np.array([1])).stderr)


def test_perplexity():
    from microgpt.training import Evaluation, Step

    assert Step(0, 10.7940, 0.1, 1.0, 5, 0.1).perplexity == pytest.approx(48725.8, rel=1e-4)
    assert Evaluation(10.7940, 0.1, 5).perplexity == pytest.approx(48725.8, rel=1e-4)
    assert Evaluation(float("inf"), 0.1, 5).perplexity == float("inf")
    assert Evaluation(1e9, 0.1, 5).perplexity == float("inf")


def test_the_standard_error_of_two_rows():
    from microgpt.training import Evaluation

    evaluation = Evaluation.from_rows(np.array([1.0, 3.0]), np.array([1, 1]))
    assert (evaluation.loss, evaluation.stderr, evaluation.tokens) == (2.0, pytest.approx(1.0), 2)


def test_a_loss_that_is_not_a_number_says_so():
    from microgpt.training import Evaluation

    evaluation = Evaluation.from_rows(np.array([1.0, np.nan, 3.0]), np.array([1, 1, 1]))
    assert "not a number" in str(evaluation)
    assert "row" not in str(evaluation)
    single = Evaluation.from_rows(np.array([2.0]), np.array([1]))
    assert str(single) == "2.000 per token, from a single row, so without a standard error"

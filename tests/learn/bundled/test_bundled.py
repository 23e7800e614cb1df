"""The exercises of the course: their ids, their texts, and their solutions beside the library."""

import re

import numpy as np
import pytest
from exercise_answers import SAMPLE, TEMPERATURE, TOP_K

import microgpt as mg
from microgpt import learn

EXERCISES = learn.exercises()
BANNED = r"\b(simply|just|obviously|clearly|of course|easy|trivial|basically|magic)\b|!"


def test_ids_stay_as_they_are():
    assert [exercise.id for exercise in EXERCISES] == [
        "00.first_change", "09.temperature", "09.top_k", "09.sample",
    ]  # fmt: skip


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_texts_keep_the_rules_of_the_course(exercise):
    causes = [mistake.cause for mistake in exercise.common_mistakes]
    descriptions = [prop.description for prop in exercise.properties]
    for text in (exercise.statement, *exercise.hints, *causes, *descriptions):
        assert not re.search(BANNED, text, re.IGNORECASE), text
        assert text == text.strip()
    assert len(exercise.statement.split()) <= 60
    assert len(set(causes)) == len(causes), "each common mistake has a cause of its own"
    assert 1 <= exercise.difficulty <= 5
    assert 1 <= exercise.importance <= 5


@pytest.mark.parametrize("seed", range(5))
def test_the_solutions_are_the_library(seed):
    rng = np.random.default_rng(seed)
    for _ in range(100):
        logits = np.round(rng.normal(size=int(rng.integers(1, 30))), 1)
        T, k, u = float(rng.uniform(0, 3)), int(rng.integers(1, len(logits) + 1)), rng.random()
        sampled = mg.next_token(logits, T, k, u=u)
        assert SAMPLE(logits, T, k, u) == sampled.token
        np.testing.assert_allclose(
            TOP_K(TEMPERATURE(logits, T), k), sampled.probabilities, atol=1e-12
        )
        assert SAMPLE(logits, 0, k, u) == mg.next_token(logits, 0, u=u).token

"""The exercises of the course: their ids, their texts, and their solutions beside the library."""

import re

import numpy as np
import pytest
from exercise_answers import SAMPLE, TEMPERATURE, TOP_K

import microgpt as mg
from microgpt import learn
from microgpt.learn.messages import message_section

EXERCISES = learn.exercises()
BANNED = r"\b(simply|just|obviously|clearly|of course|easy|trivial|basically|magic)\b|!"
# The course's terms: probability, most probable, token id, negative log-likelihood, dart, 0.
OTHER_WORDS = (
    r"\b(likely|likeliest|unlikely|chances?|surprises?|surprised|dice|die|dies|roll(ed|s)?|nought"
    r"|seen as)\b"
)


def test_ids_stay_as_they_are():
    assert [exercise.id for exercise in EXERCISES] == [
        "00.first_change", "01.mul", "01.tanh", "01.backward",
        "02.matmul_backward", "02.unbroadcast",
        "03.surprise", "03.softmax", "03.cross_entropy", "03.cross_entropy_backward",
        "04.merge", "04.encode", "05.embedding", "05.embedding_backward",
        "06.attention_head", "06.many_heads",
        "07.rms_norm", "07.layer_norm", "07.count_parameters",
        "08.adamw_step", "08.clip_grad_norm",
        "09.temperature", "09.top_k", "09.sample",
        "14.add", "14.guarded_map", "14.block_sum", "14.tiled_matmul", "14.row_softmax",
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


def texts_in(section):
    """Every text of a section of the catalogue, at any depth."""
    if isinstance(section, str):
        yield section
    else:
        for part in section.values() if isinstance(section, dict) else section:
            yield from texts_in(part)


@pytest.mark.parametrize("section", ["properties", "causes", "cell_errors",
                                     *(exercise.id for exercise in EXERCISES)])  # fmt: skip
def test_texts_use_the_terms_of_the_course(section):
    for text in texts_in(message_section(section)):
        assert not re.search(OTHER_WORDS, text, re.IGNORECASE), text
        assert not re.search(BANNED, text, re.IGNORECASE), text


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

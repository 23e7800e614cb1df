"""08.clip_grad_norm: what learners write, beside the library's, and what they are told."""

import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise

ID = "08.clip_grad_norm"
SOLUTION = find_exercise(ID).solution


def length(grads):
    return math.sqrt(sum(float((g**2).sum()) for g in grads))


def library(grads, max_norm):
    parameters = [mg.Tensor(np.zeros(g.shape), requires_grad=True, backend="numpy") for g in grads]
    for parameter, g in zip(parameters, grads, strict=True):
        parameter.grad_buffer()[...] = g
    norm = mg.clip_grad_norm_(parameters, max_norm)
    return [np.array(parameter.grad) for parameter in parameters], norm


@pytest.mark.parametrize(
    "answer",
    [
        library,
        lambda grads, m: ([g / max(1, length(grads) / m) for g in grads], length(grads)),
        lambda grads, m: (
            [g * m / length(grads) if length(grads) >= m else g for g in grads], length(grads)
        ),
        lambda grads, m: ([np.float32(g) for g in SOLUTION(grads, m)[0]], length(grads)),
        lambda grads, m: ([mg.Tensor(g) for g in SOLUTION(grads, m)[0]], mg.Tensor(length(grads))),
        *find_exercise(ID).alternative_solutions,
    ],
)  # fmt: skip
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


@pytest.mark.parametrize("seed", range(5))
def test_the_solution_is_the_library(seed):
    rng = np.random.default_rng(seed)
    grads = [rng.normal(size=shape) for shape in ((3,), (2, 4), (1, 1))]
    for max_norm in (0.1, 1.0, 100.0):
        (ours, norm), (theirs, their_norm) = (f(grads, max_norm) for f in (SOLUTION, library))
        assert norm == pytest.approx(their_norm.item(), abs=1e-12)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)


def by_floats(grads, max_norm):
    norm = length(grads)
    factor = min(1.0, max_norm / norm)
    return [g * factor for g in grads], norm


def in_place(grads, max_norm):
    factor = min(1.0, max_norm / length(grads))
    for g in grads:
        g *= factor
    return grads, length(grads)


def returns_in_its_loop(grads, max_norm):
    for g in grads:
        return [g * min(1.0, max_norm / length(grads))], length(grads)
    return None


def nothing_for_short_ones(grads, max_norm):
    return SOLUTION(grads, max_norm) if length(grads) > max_norm else grads


OTHER = "Not recognised"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda gs, m: ([g * min(1, m / length([g])) for g in gs], length(gs)), "[3, 4] stayed"),
        (lambda gs, m: ([np.clip(g, -m, m) for g in gs], length(gs)), "Scale, don't cut"),
        (lambda gs, m: ([g * m / length(gs) for g in gs], length(gs)), "never makes it longer"),
        (lambda gs, m: ([g * m / (length(gs) + 1e-6) for g in gs], length(gs)), "never makes it"),
        (lambda gs, m: (SOLUTION(gs, m)[0], length(SOLUTION(gs, m)[0])), "6.5 came back"),
        (lambda gs, m: ([g * max(1, m / length(gs)) for g in gs], length(gs)), "wrong way"),
        (lambda gs, m: (np.hstack([g.ravel() for g in SOLUTION(gs, m)[0]]), length(gs)), "one lon"),
        (lambda gs, m: SOLUTION(gs, m)[0], "Only the list came back"),
        (lambda gs, m: SOLUTION(gs, m)[::-1], "The order is clipped, norm"),
        (lambda gs, m: length(gs), "of the type float, where the signature asks for a tuple"),
        (by_floats, "all 0 end in a division by 0"),
        (lambda gs, m: SOLUTION(gs, m + 0 * sum(np.concatenate(gs)).sum()), "Make each flat first"),
        (lambda gs, m: ([g.reshape(7) for g in gs], 1.0), "(ValueError) in the line"),
        (in_place, "changed an argument"),
        (returns_in_its_loop, "`return` stands inside the loop"),
        (nothing_for_short_ones, "return each gradient as it is, and the length"),
        (lambda gs, m: (np.array(gs) * 2, 1.0), "(ValueError) in the line"),
        (lambda gs, m: ([g * min(1, (m / length(gs)) ** 2) for g in gs], length(gs)), "squared"),
        # What no listed mistake explains gets no cause that is not its own.
        (lambda gs, m: ([-g for g in SOLUTION(gs, m)[0]], length(gs)), OTHER),
        (lambda gs, m: ([abs(g) for g in SOLUTION(gs, m)[0]], length(gs)), OTHER),
        (lambda gs, m: ([g * m / (m + length(gs)) for g in gs], length(gs)), OTHER),
        (lambda gs, m: (SOLUTION(gs, m)[0], length(gs[-1:])), OTHER),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    for seed in range(3):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause


def test_arrays_of_other_shapes_in_a_list_are_told():
    result = learn.check(ID, lambda grads, m: ([np.zeros(3), np.zeros(1)], 13.0))
    assert "3 numbers instead of 2 numbers" in result.cause
    result = learn.check(ID, lambda grads, m: ([np.zeros(3)], 13.0))
    assert OTHER in result.cause

"""08.adamw_step: what learners write, beside the library's optimiser, and what they are told."""

import math
import re

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise

ID = "08.adamw_step"
SOLUTION = find_exercise(ID).solution


def means(g, m, v, b1, b2):
    return b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g


def tensors(p, g, m, v, t, lr, b1, b2, eps, decay):
    p, g, m, v = (mg.Tensor(np.array(array)) for array in (p, g, m, v))
    m, v = means(g, m, v, b1, b2)
    step = (m / (1 - b1**t)) / ((v / (1 - b2**t)) ** 0.5 + eps)
    return p * (1 - lr * decay * (p.ndim == 2)) - lr * step, m, v


def library(p, g, m, v, t, lr, b1, b2, eps, decay):
    parameter = mg.Tensor(np.array(p), requires_grad=True, backend="numpy")
    optimizer = mg.AdamW([parameter], lr, (b1, b2), eps, decay)
    optimizer.state_arrays()["step"][0] = t - 1
    optimizer.exp_avgs[0][:], optimizer.exp_avg_sqs[0][:] = m.ravel(), v.ravel()
    parameter.grad_buffer()[...] = g
    optimizer.step()
    return parameter.numpy(), *(
        a[0].reshape(p.shape) for a in (optimizer.exp_avgs, optimizer.exp_avg_sqs)
    )


@pytest.mark.parametrize("answer", [tensors, library, *find_exercise(ID).alternative_solutions])
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


@pytest.mark.parametrize("shape", [(4,), (2, 3)])
def test_the_solution_is_the_library_for_twenty_steps(shape):
    rng = np.random.default_rng(0)
    p = rng.normal(size=shape)
    m, v, theirs = np.zeros(shape), np.zeros(shape), p
    their_m, their_v = m, v
    for t in range(1, 21):
        rest = (t, 0.1, 0.9, 0.999, 1e-8, 0.1)
        g = rng.normal(size=shape)
        p, m, v = SOLUTION(p, g, m, v, *rest)
        theirs, their_m, their_v = library(theirs, g, their_m, their_v, *rest)
    np.testing.assert_allclose(p, theirs, rtol=0, atol=1e-10)


def test_the_worked_example_and_its_second_step():
    zeros = np.zeros((1, 1))
    settings = (0.1, 0.9, 0.999, 1e-8, 0.1)
    p, m, v = SOLUTION(np.ones((1, 1)), np.array([[0.5]]), zeros, zeros, 1, *settings)
    assert p == pytest.approx(0.89)
    p, *_ = SOLUTION(p, np.array([[-0.1]]), m, v, 2, *settings)
    assert p == pytest.approx(0.829997, abs=5e-7)


def naive(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, b1, b2)
    return p - lr * m / (np.sqrt(v) + eps), m, v


def naive_with_decay_everywhere(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, b1, b2)
    return p - lr * decay * p - lr * m / (np.sqrt(v) + eps), m, v


def overwrites_its_means(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, b1, b2)
    m, v = m / (1 - b1**t), v / (1 - b2**t)
    return p - lr * decay * p - lr * m / (np.sqrt(v) + eps), m, v


def shrinks_afterwards(p, *rest):
    p, m, v = SOLUTION(p, *rest[:-1], 0.0)
    return p * (1 - rest[4] * rest[-1]), m, v


def decay_among_the_means(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, b1, b2)
    step = m / (1 - b1**t) + decay * p
    return p - lr * step / (np.sqrt(v / (1 - b2**t)) + eps), m, v


def counts_from_zero(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, b1, b2)
    step = m / (1 - b1 ** (t - 1)) / (np.sqrt(v / (1 - b2 ** (t - 1))) + eps)
    return p - lr * decay * p * (p.ndim == 2) - lr * step, m, v


def counts_from_zero_in_floats(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, b1, b2)
    scale = lr * (1 / (1 - b1 ** (t - 1)))
    return p - scale * m / (np.sqrt(v / (1 - b2 ** (t - 1))) + eps), m, v


def by_the_paper_s_epsilon(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, b1, b2)
    scale = lr * np.sqrt(1 - b2**t) / (1 - b1**t)
    return p - lr * decay * p * (p.ndim == 2) - scale * m / (np.sqrt(v) + eps), m, v


def in_place(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, b1, b2)
    p -= lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return p, m, v


def of_numbers(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, b1, b2)
    return p - lr * m / (math.sqrt(v) + eps), m, v


def l2(p, g, m, v, t, lr, b1, b2, eps, decay):
    return SOLUTION(p, g + decay * p, m, v, t, lr, b1, b2, eps, 0.0)


def decays_all(p, *rest):
    new, m, v = SOLUTION(p, *rest[:-1], 0.0)
    return new - rest[4] * rest[-1] * p, m, v


def returns_the_change(p, *rest):
    new, m, v = SOLUTION(p, *rest)
    return new - p, m, v


def averages_squares(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * (g * g).mean()
    step = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    return p - lr * decay * p * (p.ndim == 2) - lr * step, m, v


def means_of_the_cell(p, g, m, v, t, lr, b1, b2, eps, decay):
    m, v = means(g, m, v, 0.9, 0.999)
    step = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)
    return p - lr * decay * p * (p.ndim == 2) - lr * step, m, v


def averages_with_other_betas(p, g, m, v, t, lr, b1, b2, *rest):
    return SOLUTION(p, g, m, v, t, lr, b1 / 2, b2, *rest)


OTHER = "Not recognised"


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (naive, "by 0.316 and not by 0.1: m and v start at 0, so both must be corrected. The dec"),
        (naive_with_decay_everywhere, "by 0.316 and not by 0.1"),
        (overwrites_its_means, "Uncorrected ones are kept between steps"),
        (shrinks_afterwards, "Use the old p for both"),
        (decay_among_the_means, "The decay was divided by the root of v"),
        (counts_from_zero, "t counts from 1 already"),
        (counts_from_zero_in_floats, "to the power of t - 1 is 0"),
        (by_the_paper_s_epsilon, "root of the uncorrected v. Correct v first"),
        (in_place, "changed an argument"),
        (of_numbers, "(TypeError) in the line"),
        (l2, "That is Adam with L2, not AdamW"),
        (decays_all, "A norm's weight of 1.0 became 0.89; 0.90 is expected"),
        (lambda *given: SOLUTION(*given)[0], "a tuple of exactly 3 arrays, p, m and v"),
        (lambda *given: SOLUTION(*given)[1:], "a tuple of exactly 3 arrays, p, m and v"),
        (lambda p, g, m, v, *rest: (SOLUTION(p, g, m, v, *rest)[0], m, v), "old m and v came"),
        (lambda *given: SOLUTION(*given[:6], 0.9, 0.999, *given[8:]), "use beta1 and beta2"),
        (lambda *given: SOLUTION(*given[:5], 0.1, *given[6:]), "use lr"),
        (lambda *given: SOLUTION(*given[:8], 1e-8, given[9]), "another eps"),
        (lambda *given: SOLUTION(*given[:5], 0.1, 0.9, 0.999, *given[8:]), "lr, beta1 and beta2."),
        (lambda *given: SOLUTION(*given[:5], 0.1, 0.9, 0.999, 1e-8, given[9]), "beta2 and eps"),
        (means_of_the_cell, "into your running means"),
        # What no listed mistake explains gets no cause that is not its own.
        (returns_the_change, OTHER),
        (averages_squares, OTHER),
        (averages_with_other_betas, OTHER),
        (lambda p, *rest: SOLUTION(p, *rest[:-1], rest[-1] * (p.size > 1)), OTHER),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    for seed in range(3):
        result = learn.check(ID, answer, seed)
        assert result.state == "not yet"
        assert cause in result.cause


@pytest.mark.parametrize("mistake", find_exercise(ID).common_mistakes, ids=lambda one: one.name)
def test_a_gradient_that_a_cause_tells_of_is_the_one_shown(mistake):
    result = learn.check(ID, mistake.function)
    for number in re.findall(r"[Aa] gradient of (\d[\d.e-]*) moves", result.cause):
        assert float(number) in result.input["g"]

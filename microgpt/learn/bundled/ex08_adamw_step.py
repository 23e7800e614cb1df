"""08.adamw_step: move parameters by one step of AdamW."""

import math

import numpy as np

from microgpt.learn.bundled.adamw_mistakes import common_mistakes
from microgpt.learn.exercise import Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import ParseError, array, tuple_of

SETTINGS = (0.1, 0.9, 0.999, 1e-8)  # lr, beta1, beta2 and eps of the cases
NUM_STEPS = 20  # of the trajectory


def adamw_step(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    decay = lr * weight_decay * p if p.ndim == 2 else 0.0
    return p - decay - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


def _by_shrinking_first(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
    """As PyTorch does it: the decay is a factor, and lr and the root take the corrections."""
    p, m, v = np.array(p), m + (1 - beta1) * (g - m), v + (1 - beta2) * (g * g - v)
    if len(p.shape) > 1:
        p *= 1 - lr * weight_decay
    root = np.sqrt(v) / math.sqrt(1 - beta2**t) + eps
    return p - lr / (1 - beta1**t) * m / root, m, v


def _number_by_number(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
    new_p, new_m, new_v = np.array(p), np.array(m), np.array(v)
    for at in np.ndindex(p.shape):
        new_m[at] = beta1 * m[at] + (1 - beta1) * g[at]
        new_v[at] = beta2 * v[at] + (1 - beta2) * g[at] ** 2
        step = new_m[at] / (1 - beta1**t) / (math.sqrt(new_v[at] / (1 - beta2**t)) + eps)
        new_p[at] -= lr * (step + (weight_decay * p[at] if p.ndim == 2 else 0))
    return [new_p, new_m, new_v]


def _by_powers(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
    """The corrections as the sums of all weights that the running means have given."""
    powers = np.arange(t)
    weights = [(1 - beta) * (beta**powers).sum() for beta in (beta1, beta2)]
    m, v = np.average([m, g], 0, [beta1, 1 - beta1]), np.average([v, g * g], 0, [beta2, 1 - beta2])
    shrunk = p * (1 - lr * weight_decay * (p.ndim == 2))
    return shrunk - lr * (m / weights[0]) / ((v / weights[1]) ** 0.5 + eps), m, v


def _three_arrays(value):
    try:
        return tuple_of(array, array, array)(value)
    except ParseError:
        raise ParseError("a tuple of exactly 3 arrays, p, m and v") from None


def _has_shapes(answer, p, *rest):
    got = tuple(part.shape for part in answer(p, *rest))
    expected = (p.shape,) * 3
    return None if got == expected else Mismatch(f"shapes {got}", f"shapes {expected}")


def _follows_for_many_steps(answer, p, g, *rest):
    """Compare p after NUM_STEPS steps, each with the m and v of the one before."""
    rest = rest[3:]  # m, v and t begin anew
    got, expected = (_trajectory(f, p, g, rest) for f in (answer, adamw_step))
    same = got.shape == expected.shape and np.allclose(got, expected, rtol=0, atol=1e-4)
    return None if same else Mismatch(got, expected)


def _trajectory(step, p, g, settings):
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t in range(1, NUM_STEPS + 1):
        p, m, v = step(p, g * math.cos(t), m, v, t, *settings)
    return p


def _gives_numbers(answer, *arguments):
    result, expected = answer(*arguments), adamw_step(*arguments)
    return None if all(np.isfinite(part).all() for part in result) else Mismatch(result, expected)


def _first(p, g, weight_decay=0.0):
    """Return the arguments of a first step, from running means of 0."""
    p, g = np.array(p), np.array(g)
    return (p, g, np.zeros_like(p), np.zeros_like(p), 1, *SETTINGS, weight_decay)


def _drawn(rng, shape, t, weight_decay=0.0):
    """Return random arguments of a later step."""
    p, g, m, v = (np.round(rng.normal(size=shape), 2) for _ in range(4))
    g = g + np.where(g == 0, 1.0, 0.0)
    return (p, g, m, np.abs(v) + 0.1, t, *SETTINGS, weight_decay)


def _shapes(rng):
    for shape in ((2,), (2, 3), (3, 1)):
        yield _drawn(rng, shape, 3)


def _sizes(rng):
    yield _first([1.0], [1e-3])
    yield _first([1.0, 2.0], [1e3, -1e3])


def _second(rng):
    p, m, v = (np.array([[number]]) for number in (0.89, 0.05, 0.00025))
    yield (p, np.array([[-0.1]]), m, v, 2, *SETTINGS, 0.1)


def _later(rng):
    for shape, t in (((1,), 2), ((2, 2), 3), ((3,), 5), ((2, 3), 40)):
        yield _drawn(rng, shape, t)
    p, g, m, v, *_ = _drawn(rng, (2, 2), 4)
    yield p, g, m, v, 4, 0.01, 0.8, 0.95, 0.1, 0.0


def _many(rng):
    yield _first([[1.0, -2.0]], [[0.5, 2.0]], 0.1)
    yield _first([[1.0], [0.2]], [[-3.0], [0.1]], 0.5)


def _vectors(rng):
    yield _first([1.0], [0.5], 0.1)
    yield _drawn(rng, (2,), 3, 0.5)
    yield _drawn(rng, (3,), 2, 0.2)


def _matrices(rng):
    yield _first([[2.0, -1.0]], [[0.0, 0.0]], 0.5)
    yield _drawn(rng, (1, 3), 3, 0.5)
    yield _drawn(rng, (3, 2), 2, 0.2)
    yield _drawn(rng, (2, 2), 2, 0.4)


def _no_gradient(rng):
    yield _first([2.0, 3.0], [0.0, 0.0])
    yield _first([[2.0]], [[0.0]])


_texts = message_section("08.adamw_step")
_descriptions, _causes = _texts["properties"], _texts["causes"]

ADAMW_STEP = Exercise(
    id="08.adamw_step",
    signature="adamw_step(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay) -> p, m, v",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(
        _first([[1.0]], [[0.5]], 0.1),
        (np.array([[0.89]]), np.array([[0.05]]), np.array([[0.00025]])),
    ),
    difficulty=3,
    importance=5,
    minutes=10,
    prerequisites=("gradient", "learning_rate", "running_mean"),
    hints=tuple(_texts["hints"]),
    solution=adamw_step,
    alternative_solutions=(_by_shrinking_first, _number_by_number, _by_powers),
    properties=(
        Property(_descriptions["shapes"], _shapes, _has_shapes),
        Property(_descriptions["sizes"], _sizes),
        Property(_descriptions["tiny"], lambda rng: [_first([1.0], [1e-6])], cause=_causes["tiny"]),
        Property(_descriptions["second"], _second),
        Property(_descriptions["later"], _later),
        Property(_descriptions["many"], _many, _follows_for_many_steps),
        Property(_descriptions["vectors"], _vectors),
        Property(_descriptions["matrices"], _matrices),
        Property(_descriptions["no_gradient"], _no_gradient, _gives_numbers),
    ),
    common_mistakes=common_mistakes(),
    tolerance=5e-5,  # in float32, 1 - beta2 is off by more than 1e-5 of itself
    parse=_three_arrays,
)

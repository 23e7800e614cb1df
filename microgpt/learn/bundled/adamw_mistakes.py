"""The common mistakes of 08.adamw_step, by stage: means, correction, step, decay."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def _moments(g, m, v, beta1, beta2):
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


def _corrected(m, v, t, beta1, beta2):
    return m / (1 - beta1**t), v / (1 - beta2**t)


def _direction(m_hat, v_hat, eps, g, t, beta2):
    return m_hat / (np.sqrt(v_hat) + eps)


def _moved(p, direction, lr, weight_decay):
    decay = weight_decay if p.ndim == 2 else 0.0
    return p - lr * decay * p - lr * direction


def _plain_gradient(p, g, weight_decay):
    return g


def _step(
    moments=_moments,
    corrected=_corrected,
    direction=_direction,
    moved=_moved,
    gradient=_plain_gradient,
) -> Callable[..., Any]:
    """Return a step of AdamW that differs from the right one in the stages given."""

    def step(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
        g = gradient(p, g, weight_decay)
        m, v = moments(g, m, v, beta1, beta2)
        m_hat, v_hat = corrected(m, v, t, beta1, beta2)
        p = moved(p, direction(m_hat, v_hat, eps, g, t, beta2), lr, weight_decay)
        return p, m, v

    return step


def _uses_old_means(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
    """Move by the running means as they were before this step."""
    m_hat, v_hat = _corrected(m, v, t, beta1, beta2)
    p = _moved(p, m_hat / (np.sqrt(v_hat) + eps), lr, weight_decay)
    return p, *_moments(g, m, v, beta1, beta2)


def _stores_corrected(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
    m, v = _corrected(*_moments(g, m, v, beta1, beta2), t, beta1, beta2)
    return _moved(p, _direction(m, v, eps, g, t, beta2), lr, weight_decay), m, v


def _decays_the_moved(p, direction, lr, weight_decay):
    p = p - lr * direction
    return p - lr * weight_decay * p if p.ndim == 2 else p


def _decay_factor(factor):
    """Return a stage whose decay is `factor(p, lr, weight_decay)` times p."""
    return lambda p, direction, lr, decay: p - factor(p, lr, decay) * p - lr * direction


def _of_matrices(factor):
    return _decay_factor(lambda p, lr, decay: factor(lr, decay) * (p.ndim == 2))


def _l2(p, g, weight_decay):
    return g + weight_decay * p if p.ndim == 2 else g


def _l2_everywhere(p, g, weight_decay):
    return g + weight_decay * p


def _undecayed(p, direction, lr, weight_decay):
    return p - lr * direction


def _t_from_zero_in_floats(p, g, m, v, t, *rest):
    if t == 1:
        raise ZeroDivisionError
    return FORMULAS["t_from_zero"](p, g, m, v, t, *rest)


def _no_eps_in_floats(p, g, m, v, *rest):
    if not (np.any(g) or np.any(v)):
        raise ZeroDivisionError
    return FORMULAS["no_eps"](p, g, m, v, *rest)


def _returning(result):
    """Return a right step that gives back `result(old p, m and v, new p, m and v)`."""

    def step(p, g, m, v, *rest):
        return result(p, m, v, *_step()(p, g, m, v, *rest))

    return step


def _with_fixed(**fixed):
    """Return a right step that takes these settings, those of the notebook's cell, for its own."""

    def step(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
        settings = {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, **fixed}
        return _step()(p, g, m, v, t, weight_decay=weight_decay, **settings)

    return step


# What learners compute instead, by the key of its cause.
FORMULAS = {
    # the running means
    "no_one_minus_m": _step(lambda g, m, v, b1, b2: (b1 * m + g, b2 * v + (1 - b2) * g**2)),
    "no_one_minus_v": _step(lambda g, m, v, b1, b2: (b1 * m + (1 - b1) * g, b2 * v + g**2)),
    "no_one_minus": _step(lambda g, m, v, b1, b2: (b1 * m + g, b2 * v + g**2)),
    "weights_exchanged": _step(
        lambda g, m, v, b1, b2: ((1 - b1) * m + b1 * g, (1 - b2) * v + b2 * g**2)
    ),
    "betas_exchanged": _step(lambda g, m, v, b1, b2: _moments(g, m, v, b2, b1)),
    "all_betas_exchanged": lambda p, g, m, v, t, lr, b1, b2, *rest: _step()(
        p, g, m, v, t, lr, b2, b1, *rest
    ),
    "beta1_for_v": _step(lambda g, m, v, b1, b2: _moments(g, m, v, b1, b1)),
    "beta2_for_m": _step(lambda g, m, v, b1, b2: _moments(g, m, v, b2, b2)),
    "not_squared": _step(lambda g, m, v, b1, b2: (b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g)),
    "absolute": _step(
        lambda g, m, v, b1, b2: (b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * np.abs(g))
    ),
    "mean_squared": _step(
        lambda g, m, v, b1, b2: ((new_m := b1 * m + (1 - b1) * g), b2 * v + (1 - b2) * new_m**2)
    ),
    "no_running_means": _step(lambda g, m, v, b1, b2: ((1 - b1) * g, (1 - b2) * g**2)),
    # their correction
    "no_correction": _step(corrected=lambda m, v, t, b1, b2: (m, v)),
    "no_correction_and_no_decay": _step(corrected=lambda m, v, t, b1, b2: (m, v), moved=_undecayed),
    "only_m_corrected": _step(corrected=lambda m, v, t, b1, b2: (m / (1 - b1**t), v)),
    "only_v_corrected": _step(corrected=lambda m, v, t, b1, b2: (m, v / (1 - b2**t))),
    "correction_of_each_other": _step(
        corrected=lambda m, v, t, b1, b2: (m / (1 - b2**t), v / (1 - b1**t))
    ),
    "corrected_by_beta1": _step(
        corrected=lambda m, v, t, b1, b2: (m / (1 - b1**t), v / (1 - b1**t))
    ),
    "corrected_by_beta2": _step(
        corrected=lambda m, v, t, b1, b2: (m / (1 - b2**t), v / (1 - b2**t))
    ),
    "correction_multiplied": _step(
        corrected=lambda m, v, t, b1, b2: (m * (1 - b1**t), v * (1 - b2**t))
    ),
    "corrected_by_one_minus_beta": _step(
        corrected=lambda m, v, t, b1, b2: (m / (1 - b1), v / (1 - b2))
    ),
    "beta_times_t": _step(corrected=lambda m, v, t, b1, b2: (m / (1 - b1 * t), v / (1 - b2 * t))),
    "power_outside": _step(
        corrected=lambda m, v, t, b1, b2: (m / (1 - b1) ** t, v / (1 - b2) ** t)
    ),
    "divided_by_beta": _step(corrected=lambda m, v, t, b1, b2: (m / b1**t, v / b2**t)),
    "t_from_zero": _step(
        corrected=lambda m, v, t, b1, b2: (
            _corrected(m, v, t - 1, b1, b2) if t > 1 else (m / np.float64(0), v / np.float64(0))
        )
    ),
    "t_plus_one": _step(corrected=lambda m, v, t, b1, b2: _corrected(m, v, t + 1, b1, b2)),
    "stores_corrected": _stores_corrected,
    # the step
    "uses_old_means": _uses_old_means,
    "no_root": _step(direction=lambda m, v, eps, g, t, b2: m / (v + eps)),
    "eps_in_root": _step(direction=lambda m, v, eps, g, t, b2: m / np.sqrt(v + eps)),
    "no_eps": _step(direction=lambda m, v, eps, g, t, b2: m / np.sqrt(v)),
    "eps_before_correction": _step(
        direction=lambda m, v, eps, g, t, b2: (
            m / (np.sqrt(v * (1 - b2**t)) + eps) * np.sqrt(1 - b2**t)
        )
    ),
    "root_before_correction": _step(
        direction=lambda m, v, eps, g, t, b2: m / (np.sqrt(v * (1 - b2**t)) / (1 - b2**t) + eps)
    ),
    "gradient_for_mean": _step(direction=lambda m, v, eps, g, t, b2: g / (np.sqrt(v) + eps)),
    "mean_only": _step(direction=lambda m, v, eps, g, t, b2: m),
    "gradient_only": _step(direction=lambda m, v, eps, g, t, b2: g),
    "sign": _step(moved=lambda p, direction, lr, decay: _moved(p, -direction, lr, decay)),
    "no_lr": _step(moved=lambda p, direction, lr, decay: _moved(p, direction / lr, lr, decay)),
    # the decay
    "l2": _step(gradient=_l2, moved=_undecayed),
    "l2_everywhere": _step(gradient=_l2_everywhere, moved=_undecayed),
    "decay_divided": lambda p, g, m, v, t, lr, b1, b2, eps, decay: _step(
        direction=lambda m, v, *_: (m + decay * p * (p.ndim == 2)) / (np.sqrt(v) + eps),
        moved=_undecayed,
    )(p, g, m, v, t, lr, b1, b2, eps, decay),
    "l2_and_decay": _step(gradient=_l2),
    "decay_on_vectors": _step(moved=_decay_factor(lambda p, lr, decay: lr * decay)),
    "only_vectors_decay": _step(
        moved=_decay_factor(lambda p, lr, decay: lr * decay * (p.ndim == 1))
    ),
    "no_decay": _step(moved=_undecayed),
    "decay_without_lr": _step(moved=_of_matrices(lambda lr, decay: decay)),
    "decay_without_setting": _step(moved=_of_matrices(lambda lr, decay: lr)),
    "decay_grows": _step(moved=_of_matrices(lambda lr, decay: -lr * decay)),
    "decay_lr_squared": _step(moved=_of_matrices(lambda lr, decay: lr * lr * decay)),
    "decay_of_the_moved": _step(moved=_decays_the_moved),
    # numbers in place of the arguments
    "betas_fixed": _with_fixed(beta1=0.9, beta2=0.999),
    "betas_fixed_in_means": _step(lambda g, m, v, b1, b2: _moments(g, m, v, 0.9, 0.999)),
    "betas_fixed_in_corrections": _step(
        corrected=lambda m, v, t, b1, b2: _corrected(m, v, t, 0.9, 0.999)
    ),
    "lr_fixed": _with_fixed(lr=0.1),
    "eps_fixed": _with_fixed(eps=1e-8),
    "betas_and_lr_fixed": _with_fixed(lr=0.1, beta1=0.9, beta2=0.999),
    "all_fixed": _with_fixed(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8),
    # what comes back
    "old_means_returned": _returning(lambda p, m, v, new_p, new_m, new_v: (new_p, m, v)),
    "step_only": _returning(lambda p, m, v, new_p, new_m, new_v: (p - new_p, new_m, new_v)),
    "means_first": _returning(lambda p, m, v, new_p, new_m, new_v: (new_m, new_v, new_p)),
    "means_exchanged": _returning(lambda p, m, v, new_p, new_m, new_v: (new_p, new_v, new_m)),
    "t_from_zero_in_floats": _t_from_zero_in_floats,
    "no_eps_in_floats": _no_eps_in_floats,
}


def common_mistakes() -> tuple[CommonMistake, ...]:
    """Return the mistakes, each with its cause from messages.toml."""
    causes = message_section("08.adamw_step")["mistakes"]
    return tuple(
        CommonMistake(key.replace("_", " "), formula, causes[key])
        for key, formula in FORMULAS.items()
    )

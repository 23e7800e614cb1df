"""Trains a GPT of two layers on repeated random letters, with snapshots of what its heads do.

The task and what is looked for are those of Olsson et al. 2022, *In-context Learning and Induction
Heads*: a head of the first layer that looks at the letter before, and one of the second layer that
looks at letters after earlier copies of the present one (the weight there is their prefix-matching
score). Elhage et al. 2021, *A Mathematical Framework for Transformer Circuits*, showed that such a
pair needs two layers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from microgpt.autograd.engine import no_grad
from microgpt.config import GPTConfig
from microgpt.config.checks import check_integer
from microgpt.interpretability import trace
from microgpt.models.context_model import log_softmax
from microgpt.models.gpt import GPT
from microgpt.optim import Adam
from microgpt.viz.editable_attention import OFF, AttentionEdit
from microgpt.widgets.attention_runs import edit_attention

LETTERS, LENGTH = "abcdefghijklmnop", 24
PERIODS = range(5, 13)  # after how many letters a text repeats
NUM_LAYERS, NUM_HEADS, WIDTH = 2, 2, 32
BATCH_SIZE, LEARNING_RATE = 16, 0.003
NUM_TEXTS = 64  # that each snapshot is measured on
SNAPSHOT_EVERY = 25  # steps
MAX_STEPS = 5000
EXAMPLE_PERIOD, EXAMPLE_LENGTH = 9, 14  # of different letters: the last one has one earlier copy


@dataclass(frozen=True, eq=False)
class InductionHistory:
    """What was measured at each of S snapshots, taken after `steps` (S,), of one training run.

    `losses` (S,), in nats, are those of the letters that can be known: they stood there before, one
    period earlier. `previous` (S, H) is the mean weight that each head of the first layer has on
    the letter before, where a text is new: in its first period, from which all later ones can be
    copied. `following` (S, H) is the mean weight that each head of the second layer has on the
    letters after earlier copies of the present one, taken together, where the next letter can be
    known. `following_without` (S, H) is the same if all heads of the first layer are off. `rises`
    (S, 2, H) is by how much the loss rises without each head. `example` (T,) is a text whose last
    letter stood there before; `weights` (S, H, T) are the second layer's from there, `probs` (S,)
    is that of the letter that came next.
    """

    steps: tuple[int, ...]
    losses: np.ndarray
    previous: np.ndarray
    following: np.ndarray
    following_without: np.ndarray
    rises: np.ndarray
    example: tuple[int, ...]
    weights: np.ndarray
    probs: np.ndarray


class RepeatedTexts:
    """Random texts that repeat: tokens and targets (N, T), the period of each, what can be known.

    `is_known` (N, T) says where the present letter, and so the next one, stood one period earlier;
    elsewhere the target is −1, which no loss counts. `is_after_copy` (N, T, T) says, for each
    letter, which letters up to it came right after an earlier copy of it.
    """

    def __init__(self, rng: np.random.Generator, count: int):
        self.periods = rng.choice(np.array(PERIODS), count)
        rows = [rng.integers(0, len(LETTERS), period) for period in self.periods]
        self.texts = np.array([np.resize(row, LENGTH + 1) for row in rows])
        self.tokens = self.texts[:, :-1]
        self.is_known = np.arange(LENGTH) >= self.periods[:, None]
        self.targets = np.where(self.is_known, self.texts[:, 1:], -1)
        is_copy = np.tril(self.tokens[:, :, None] == self.tokens[:, None, :], -1)
        self.is_after_copy = np.pad(is_copy[:, :, :-1], ((0, 0), (0, 0), (1, 0)))


def train_induction(steps: int = 600, seed: int = 1) -> InductionHistory:
    """Train the model and measure it every 25 steps; `seed` draws weights and texts.

    600 steps take about five seconds. Equal arguments return the same history.
    """
    check_integer("steps", steps, minimum=1, maximum=MAX_STEPS)
    check_integer("seed", seed, minimum=0)
    return _train(steps, seed)


@lru_cache(maxsize=4)
def _train(steps: int, seed: int) -> InductionHistory:
    config = GPTConfig(
        len(LETTERS), LENGTH, n_layer=NUM_LAYERS, n_head=NUM_HEADS, n_embd=WIDTH,
        final_norm=True, init_std=0.05,
    )  # fmt: skip
    model = GPT(config, seed=seed, backend="numpy")
    optimizer, rng = Adam(model, LEARNING_RATE), np.random.default_rng([seed, 1])
    held_out = RepeatedTexts(np.random.default_rng([seed, 2]), NUM_TEXTS)
    example = np.random.default_rng([seed, 3]).permutation(len(LETTERS))[:EXAMPLE_PERIOD]
    example = np.resize(example, EXAMPLE_LENGTH + 1)
    shown, snapshots = [], []
    for step in range(steps + 1):
        if step % SNAPSHOT_EVERY == 0 or step == steps:
            shown.append(step)
            snapshots.append([*_measure(model, held_out), *_read_example(model, example)])
        if step < steps:
            texts = RepeatedTexts(rng, BATCH_SIZE).texts
            optimizer.zero_grad()
            model.loss(texts[:, :-1], texts[:, 1:]).backward()
            optimizer.step()
    losses, previous, following, following_without, rises, weights, probs = (
        np.array(column) for column in zip(*snapshots, strict=True)
    )
    return InductionHistory(
        tuple(shown), losses, previous, following, following_without, rises,
        tuple(example[:-1].tolist()), weights, probs,
    )  # fmt: skip


def _measure(model: GPT, texts: RepeatedTexts) -> Iterator[np.ndarray]:
    """Yield loss, previous, following, following_without and rises of one snapshot."""
    loss, first, second = _run(model, texts)
    yield np.array(loss)
    yield _on_previous(first, texts)
    yield _on_following(second, texts)
    _, _, second = _run(model, texts, AttentionEdit(OFF, layer=0))
    yield _on_following(second, texts)
    edits = [
        [AttentionEdit(OFF, layer, head) for head in range(NUM_HEADS)]
        for layer in range(NUM_LAYERS)
    ]
    yield np.array(
        [[_run(model, texts, edit)[0] - loss for edit in of_layer] for of_layer in edits]
    )


def _run(
    model: GPT, texts: RepeatedTexts, edit: AttentionEdit | None = None
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the loss and both layers' weights (N, H, T, T), with heads off if there is an edit."""
    with no_grad(), trace(model) as t:
        if edit is not None:
            edit_attention(t, edit.layer, [edit], 1.0)
        loss = model.loss(texts.tokens, texts.targets).item()
    return loss, t["h.0.attn.weights"], t["h.1.attn.weights"]


def _on_previous(weights: np.ndarray, texts: RepeatedTexts) -> np.ndarray:
    """Return each head's mean weight (H,) on the letter before, in each text's first period."""
    row, query = np.nonzero(~texts.is_known[:, 1:])
    return weights[row, :, query + 1, query].mean(axis=0)


def _on_following(weights: np.ndarray, texts: RepeatedTexts) -> np.ndarray:
    """Return each head's mean weight (H,) on the letters after copies of the present one."""
    on_copies = np.where(texts.is_after_copy[:, None], weights, 0).sum(axis=-1)
    row, query = np.nonzero(texts.is_known)
    return on_copies[row, :, query].mean(axis=0)


def _read_example(model: GPT, example: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the second layer's weights (H, T) from the last letter, and the next's probability."""
    with no_grad(), trace(model) as t:
        model(example[:-1])
    yield t["h.1.attn.weights"][:, -1]
    yield np.exp(log_softmax(t["logits"][-1])[example[-1]])

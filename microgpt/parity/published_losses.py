"""Training steps whose losses somebody published: do we come to the same ones?"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf, isfinite
from pathlib import Path
from typing import Any

import numpy as np

from microgpt import recording
from microgpt.autograd.tensor import Tensor
from microgpt.checkpoints import json_io
from microgpt.config import PRESETS
from microgpt.config.checks import number, whole
from microgpt.errors import FormatError, SettingError
from microgpt.models.gpt import GPT
from microgpt.ops.embedding import as_tokens
from microgpt.optim import AdamW

_SIZES = ("vocab_size", "block_size", "n_layer", "n_head", "n_embd")
NEAR = 1e-2  # how far a loss may be off and still counts as reproduced


@dataclass(frozen=True)
class Recipe:
    """AdamW on one batch (B, T) again and again, and the `losses` before each step.

    `decay` is "matrices", as in GPT-2's training, or "every tensor"; `sizes` are those that the
    model must have.
    """

    losses: tuple[float, ...]
    batch_size: int
    seq_len: int
    lr: float
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0.0
    decay: str = "matrices"
    sizes: dict[str, int] = field(default_factory=dict)


# llm.c's first run of GPT-2's 124M weights in PyTorch: the first 256 tokens of tinyshakespeare's
# validation part, ten times.
GPT2 = Recipe(
    losses=(
        *(5.269998550415039, 4.059630870819092, 3.3749470710754395, 2.8005878925323486),
        *(2.3152737617492676, 1.8489487171173096, 1.3945865631103516, 0.9988802075386047),
        *(0.6241909265518188, 0.37664344906806946),
    ),
    batch_size=4,
    seq_len=64,
    lr=1e-4,
    sizes={name: getattr(PRESETS["gpt2-124M"], name) for name in _SIZES},
)


@dataclass(frozen=True)
class LossCheck:
    """The loss before one step, ours and the expected one."""

    step: int
    loss: float
    expected: float

    @property
    def difference(self) -> float:
        """How far ours is from the expected loss."""
        return abs(self.loss - self.expected)

    @property
    def reproduced(self) -> bool:
        """Whether that is near enough."""
        return self.difference <= NEAR


def read_recipe(path: str | Path) -> Recipe:
    """The recipe in a JSON file: `losses_float32`, `batch_size`, `seq_len`, `optimizer`, `config`.

    `optimizer` has name "AdamW" and lr, and may have betas, eps, weight_decay and decay
    ("matrices" or "every tensor"); `config`, if it is there, names sizes of the model.
    """
    file = Path(path)
    if not file.is_file():
        raise FormatError(f"there is no recipe at {file}; a JSON file is needed, or the name gpt2")
    written = json_io.read(file)
    try:
        optimizer = written["optimizer"]
        if optimizer["name"] != "AdamW":
            raise FormatError(f"its optimizer must be 'AdamW'; got {optimizer['name']!r:.80}")
        first, second = optimizer.get("betas", Recipe.betas)
        recipe = Recipe(
            losses=tuple(map(_real, written["losses_float32"])),
            batch_size=written["batch_size"],
            seq_len=written["seq_len"],
            lr=_real(optimizer["lr"]),
            betas=(_real(first), _real(second)),
            eps=_real(optimizer.get("eps", Recipe.eps)),
            weight_decay=_real(optimizer.get("weight_decay", Recipe.weight_decay)),
            decay=optimizer.get("decay", Recipe.decay),
            sizes=dict(written.get("config", {})),
        )
        _check(recipe)
    except KeyError as error:
        raise FormatError(f"{file} is not a recipe of training: it has no entry {error}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise FormatError(f"{file} is not a recipe of training: {error}") from None
    return recipe


def _real(value: Any) -> float:
    number("a setting", value)
    try:
        real = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        real = inf
    if not isfinite(real):
        raise SettingError(f"a setting must be finite; got {value!r:.80}")
    return real


def _check(recipe: Recipe) -> None:
    whole("batch_size", recipe.batch_size, least=1)
    whole("seq_len", recipe.seq_len, least=1)
    if not recipe.losses:
        raise FormatError("its losses_float32 must be one loss or more; got none")
    if recipe.decay not in ("matrices", "every tensor"):
        raise FormatError(f"decay must be 'matrices' or 'every tensor'; got {recipe.decay!r:.80}")
    unknown = set(recipe.sizes) - set(GPT2.sizes)
    if unknown:
        raise FormatError(f"its config may have {', '.join(GPT2.sizes)}; got {sorted(unknown)}")


def first_batch(tokens: Any, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """The first B · T tokens and what follows each of them, as tokens and targets (B, T)."""
    needed = recipe.batch_size * recipe.seq_len + 1
    if len(tokens) < needed:
        raise SettingError(
            f"a batch of {recipe.batch_size} × {recipe.seq_len} needs {needed:,} tokens; got "
            f"{len(tokens):,}"
        )
    row = as_tokens(np.asarray(tokens[:needed]))
    shape = recipe.batch_size, recipe.seq_len
    return row[:-1].reshape(shape), row[1:].reshape(shape)


class _DecaysAll(AdamW):
    """PyTorch's AdamW when it is given all weights in one group: vectors shrink too."""

    def __init__(self, *arguments: Any):
        super().__init__(*arguments)
        self._decay = [(self.weight_decay, data.size) for data, _ in self.segments]


def train(
    model: GPT, tokens: Any, targets: Any, recipe: Recipe = GPT2, steps: int | None = None
) -> Iterator[LossCheck]:
    """Train `model` by the recipe on tokens and targets (B, T), and yield every loss.

    `steps`: the first ones only. On Numba, steps are recorded and replayed.
    """
    count = count_of(recipe, steps)
    for name, size in recipe.sizes.items():
        if getattr(model.config, name) != size:
            raise SettingError(
                f"the expected losses are those of a model with {name}={size}; this one has "
                f"{getattr(model.config, name)}"
            )
    ids, wanted = as_tokens(tokens), as_tokens(targets)
    shape = recipe.batch_size, recipe.seq_len
    if ids.shape != shape or wanted.shape != shape:
        raise SettingError(
            f"the expected losses are those of tokens and targets {shape}; got {ids.shape} and "
            f"{wanted.shape}"
        )
    largest, vocab_size = max(ids.max(), wanted.max()), model.config.vocab_size
    if largest >= vocab_size:
        raise SettingError(
            f"the batch has token {largest:,}, the model {vocab_size:,} tokens; give the batch "
            "that the expected losses are of, such as llm.c's debug state"
        )
    return _losses(model, ids, wanted, recipe, count)


def count_of(recipe: Recipe, steps: int | None) -> int:
    """How many steps are made: all whose losses are known, or the first ones."""
    if steps is None:
        return len(recipe.losses)
    whole("steps", steps, least=1)
    if steps > len(recipe.losses):
        raise SettingError(
            f"steps must be 1 to {len(recipe.losses)}, the losses known; got {steps}"
        )
    return steps


def _losses(
    model: GPT, ids: np.ndarray, wanted: np.ndarray, recipe: Recipe, steps: int
) -> Iterator[LossCheck]:
    rule = AdamW if recipe.decay == "matrices" else _DecaysAll
    optimizer = rule(model, recipe.lr, recipe.betas, recipe.eps, recipe.weight_decay)

    def update(tokens: np.ndarray, targets: np.ndarray) -> Tensor:
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        optimizer.step()
        return loss

    step = update if model.backend == "numpy" else recording.capture(update)
    for place in range(steps):
        yield LossCheck(place, step(ids, wanted).item(), recipe.losses[place])

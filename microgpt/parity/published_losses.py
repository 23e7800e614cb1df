"""Repeat training steps whose losses are published, and compare the losses."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf, isfinite
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from microgpt import recording
from microgpt._io.json_io import read_json
from microgpt.autograd.tensor import Tensor
from microgpt.config import PRESETS
from microgpt.config.checks import check_integer, check_number
from microgpt.errors import Described, FormatError, SettingError
from microgpt.models.gpt import GPT
from microgpt.ops.token_ids import as_token_ids
from microgpt.optim import AdamW
from microgpt.parity.report import ParityReport
from microgpt.parity.tensor_check import TensorCheck, check_tensor

_SIZES = ("vocab_size", "block_size", "n_layer", "n_head", "n_embd")
TOLERANCE = 1e-2  # absolute, for a loss


@dataclass(frozen=True)
class Recipe:
    """AdamW training on one batch (B, T), the same at every step, and the loss before each step.

    `decay` names the tensors with weight decay: "matrices", as in GPT-2's training, or "every
    tensor". `sizes` are fields that the model's config must have.
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


# llm.c's run of GPT-2's 124M weights in PyTorch: ten steps on the first 256 tokens of
# tinyshakespeare's validation split.
GPT2_RECIPE = Recipe(
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


class StepLoss(NamedTuple):
    """The loss before one step: ours, and the published one."""

    step: int
    loss: float
    expected: float

    @property
    def check(self) -> TensorCheck:
        """The comparison of our loss with the published one, with tolerance TOLERANCE."""
        losses = np.array(self.loss), np.array(self.expected)
        return check_tensor(f"loss of step {self.step}", *losses, TOLERANCE)


def report_losses(step_losses: Iterable[StepLoss]) -> ParityReport:
    """Return the report on the losses that `reproduce_losses` yields."""
    checks = tuple(step_loss.check for step_loss in step_losses)
    return ParityReport(checks, "the published losses", note=f"allowed: {TOLERANCE:g}")


def read_recipe(path: str | Path) -> Recipe:
    """Read a recipe from JSON: `losses_float32`, `batch_size`, `seq_len`, `optimizer`, `config`.

    `optimizer` has name "AdamW" and lr, and may have betas, eps, weight_decay and decay ("matrices"
    or "every tensor"). `config` is optional and gives sizes of the model.
    """
    file = Path(path)
    if not file.is_file():
        raise FormatError(f"there is no recipe at {file}; a JSON file is needed, or the name gpt2")
    content = read_json(file)
    try:
        optimizer = content["optimizer"]
        if optimizer["name"] != "AdamW":
            raise FormatError(f"its optimizer must be 'AdamW'; got {optimizer['name']!r:.80}")
        first, second = optimizer.get("betas", Recipe.betas)
        recipe = Recipe(
            losses=tuple(map(_finite, content["losses_float32"])),
            batch_size=content["batch_size"],
            seq_len=content["seq_len"],
            lr=_finite(optimizer["lr"]),
            betas=(_finite(first), _finite(second)),
            eps=_finite(optimizer.get("eps", Recipe.eps)),
            weight_decay=_finite(optimizer.get("weight_decay", Recipe.weight_decay)),
            decay=optimizer.get("decay", Recipe.decay),
            sizes=dict(content.get("config", {})),
        )
        _check(recipe)
    except KeyError as error:
        raise FormatError(f"{file} is not a recipe of training: it has no entry {error}") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise FormatError(f"{file} is not a recipe of training: {error}") from None
    return recipe


def _finite(value: Any) -> float:
    try:
        number = check_number("a setting", value)
    except OverflowError:  # an integer of hundreds of digits
        number = inf
    if not isfinite(number):
        raise SettingError("a setting", "finite", value)
    return number


def _check(recipe: Recipe) -> None:
    check_integer("batch_size", recipe.batch_size, minimum=1)
    check_integer("seq_len", recipe.seq_len, minimum=1)
    if not recipe.losses:
        raise FormatError("its losses_float32 must be one loss or more; got none")
    if recipe.decay not in ("matrices", "every tensor"):
        raise FormatError(f"decay must be 'matrices' or 'every tensor'; got {recipe.decay!r:.80}")
    unknown = set(recipe.sizes) - set(GPT2_RECIPE.sizes)
    if unknown:
        raise FormatError(
            f"its config may have {', '.join(GPT2_RECIPE.sizes)}; got {sorted(unknown)}"
        )


def first_batch(tokens: Any, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Return the first B · T tokens, and the token after each, as tokens and targets (B, T)."""
    needed = recipe.batch_size * recipe.seq_len + 1
    if len(tokens) < needed:
        raise SettingError(
            "tokens",
            f"at least {needed:,} for a batch of {recipe.batch_size} × {recipe.seq_len}",
            Described(f"{len(tokens):,} tokens"),
        )
    row = as_token_ids(np.asarray(tokens[:needed]))
    shape = recipe.batch_size, recipe.seq_len
    return row[:-1].reshape(shape), row[1:].reshape(shape)


class _DecayEveryTensor(AdamW):
    """AdamW that also decays vectors, like PyTorch's with all weights in one parameter group."""

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.decayed_sizes = [data.size for data, _ in self.flat_segments]
        self._decay_args = [(self.weight_decay, size) for size in self.decayed_sizes]


def reproduce_losses(
    model: GPT, tokens: Any, targets: Any, recipe: Recipe = GPT2_RECIPE, steps: int | None = None
) -> Iterator[StepLoss]:
    """Train `model` by the recipe on tokens and targets (B, T), and yield the loss of each step.

    `steps` limits the training to the first steps. On Numba, steps are recorded and replayed.
    """
    num_steps = check_steps(recipe, steps)
    for name, size in recipe.sizes.items():
        if getattr(model.config, name) != size:
            raise SettingError(
                name, f"{size}, as for the expected losses", getattr(model.config, name)
            )
    token_ids, target_ids = as_token_ids(tokens), as_token_ids(targets)
    shape = recipe.batch_size, recipe.seq_len
    if token_ids.shape != shape or target_ids.shape != shape:
        raise SettingError(
            "the batch",
            f"tokens and targets of shape {shape}, as for the expected losses",
            Described(f"{token_ids.shape} and {target_ids.shape}"),
        )
    largest, vocab_size = max(token_ids.max(), target_ids.max()), model.config.vocab_size
    if largest >= vocab_size:
        raise SettingError(
            "tokens",
            f"below the model's {vocab_size:,}",
            largest,
            "give the batch that the expected losses are of, such as llm.c's debug state",
        )
    return _train(model, token_ids, target_ids, recipe, num_steps)


def check_steps(recipe: Recipe, steps: int | None) -> int:
    """Return the number of steps: `steps`, or by default as many as the recipe has losses."""
    if steps is None:
        return len(recipe.losses)
    check_integer("steps", steps, minimum=1)
    if steps > len(recipe.losses):
        raise SettingError("steps", f"from 1 to the {len(recipe.losses)} losses known", steps)
    return steps


def _train(
    model: GPT, tokens: np.ndarray, targets: np.ndarray, recipe: Recipe, num_steps: int
) -> Iterator[StepLoss]:
    optimizer_class = AdamW if recipe.decay == "matrices" else _DecayEveryTensor
    optimizer = optimizer_class(model, recipe.lr, recipe.betas, recipe.eps, recipe.weight_decay)

    def train_step(tokens: np.ndarray, targets: np.ndarray) -> Tensor:
        optimizer.zero_grad()
        loss = model.loss(tokens, targets)
        loss.backward()
        optimizer.step()
        return loss

    is_eager = model.backend.name == "numpy"
    step_function = train_step if is_eager else recording.capture(train_step)
    for step in range(num_steps):
        yield StepLoss(step, step_function(tokens, targets).item(), recipe.losses[step])

"""`TapeGPT`: the graph of `ScalarGPT`, recorded once on a tape and run from there.

One recording serves every text. Another text of the same length has the same graph but for two
choices, which are patched: its tokens choose rows of `wte`, its targets choose which chances count.
A shorter text is the beginning of the tape: rows stand position by position, and after each
position stands the loss of a text that ends there.

The chain rule adds slopes up in the order of a walk, and sums of floats depend on their order.
`Value` walks depth first from the loss, so at each position it meets the logit of the *target*
first: names of equal length do not share a walk. But it finishes a position before the next, and
what it finds there depends on that position's target alone. So the walk is put together from
pieces, one for each pair of position and target, each found by walking and then kept.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from microgpt.autograd.engine import context
from microgpt.autograd.value import Value
from microgpt.autograd.value_tape import record
from microgpt.config import GPTConfig
from microgpt.errors import SettingError, ShapeError, StateError, TokenError
from microgpt.models.scalar_gpt import ScalarGPT, Vector

PIECES_KEPT = 1024


class TapeGPT:
    """A GPT on a tape, for texts of up to `length` tokens (without it, `block_size`).

    `tape` is the table; its first `count` rows are the weights, and `weights` are views of them.
    Losses, logits and gradients are those of `ScalarGPT` to the last bit, in float64.
    """

    def __init__(self, config: GPTConfig, length: int | None = None):
        if not context.grad_enabled:
            raise StateError("under no_grad there is no graph to record; make the tape outside")
        self.config = config
        if length is not None and length < 1:
            raise SettingError("length", "a positive integer", length)
        self.length = config.block_size if length is None else min(length, config.block_size)
        model = _Listening(config)
        totals = _running_totals(model.loss([0] * self.length, [0] * self.length), self.length)
        losses = [(1 / n) * total for n, total in enumerate(totals, start=1)]
        self.tape, row = record(
            model.in_order(losses), leaves=model.parameters(), greatest=model.greatest()
        )
        self.weights: dict[str, np.ndarray] = {}
        self._rows: dict[str, np.ndarray] = {}  # which rows those are
        self.count = 0
        for name, (rows, columns) in config.parameter_shapes().items():
            place = slice(self.count, self.count + rows * columns)
            self.weights[name] = self.tape.data[place].reshape(rows, columns)
            self._rows[name] = np.arange(place.start, place.stop).reshape(rows, columns)
            self.count = place.stop
        self._totals = [row[total] for total in totals]
        self._losses = np.array([row[loss] for loss in losses], np.uint32)
        self._starts = [self.tape.leaves, *(int(loss) + 1 for loss in self._losses)]
        ends = model.softmaxes[-self.length :]  # the softmax at the end of each position
        self._logits = np.array([[row[v] for v in logits] for logits, _ in ends])
        # What is patched: rows whose operand is a choice, and what there is to choose from.
        self._chances = np.array([[row[v] for v in chances] for _, chances in ends])
        self._logarithms = np.array([row[logarithm] for logarithm in _logarithms(totals)])
        self._embeddings = self._find_embeddings()
        self._targets: list[int] = []
        self._pieces: OrderedDict[tuple[int, int], np.ndarray] = OrderedDict()

    def loss(self, tokens: Sequence[int], targets: Sequence[int]) -> float:
        """The mean surprise, in nats, at `targets` given the tokens before each."""
        positions = len(tokens)
        if len(targets) != positions or not 0 < positions <= self.length:
            raise ShapeError(
                f"this tape takes 1 to {self.length} tokens and as many targets; "
                f"got {positions} and {len(targets)}"
            )
        tape, chosen = self.tape, self._ids(targets)
        self._choose_tokens(self._ids(tokens), slice(positions))
        tape.first[self._logarithms[:positions]] = self._chances[np.arange(positions), chosen]
        self._targets = chosen.tolist()
        tape.forward(stop=self._starts[positions])
        return float(tape.data[self._losses[positions - 1]])

    def backward(self) -> None:
        """Put the slopes of the latest loss into `tape.grad`."""
        positions, tape = len(self._targets), self.tape
        if not positions:
            raise StateError("there is no loss to go back from; call loss() right before")
        tape.grad[: self._starts[positions]] = 0.0
        tape.grad[self._losses[positions - 1]] = 1.0
        tape.backward_in_order(self._losses[positions - 1 : positions])
        for position in reversed(range(positions)):
            tape.backward_in_order(self._piece(position, self._targets[position]))

    def logits(self, token: int, position: int) -> list[float]:
        """The logits after one more token; those before it have been given in order."""
        if not 0 <= position < self.length:
            raise ShapeError(f"positions go from 0 to {self.length - 1} here; got {position}")
        rows, self._targets = self._logits[position], []  # what the loss was computed from changes
        self._choose_tokens(self._ids([token]), slice(position, position + 1))
        self.tape.forward(self._starts[position], int(rows.max()) + 1)
        return self.tape.data[rows].tolist()

    def load_state_dict(self, weights: dict[str, Any]) -> None:
        """Copy weights in, from a dictionary of two-dimensional arrays or nested lists."""
        for name, weight in self.weights.items():
            if name not in weights:
                raise ShapeError(f"{name} is missing from the weights")
            if np.shape(weights[name]) != weight.shape:
                raise ShapeError(
                    f"{name} must have shape {weight.shape}; got {np.shape(weights[name])}"
                )
            weight[:] = weights[name]

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of the weights."""
        return {name: weight.copy() for name, weight in self.weights.items()}

    def gradients(self) -> dict[str, np.ndarray]:
        """Copies of the weights' slopes, under the names of the weights."""
        return {name: self.tape.grad[rows] for name, rows in self._rows.items()}

    def _ids(self, tokens: Sequence[int]) -> np.ndarray:
        ids = np.asarray(tokens)
        if ids.min() < 0 or ids.max() >= self.config.vocab_size:
            wrong = next(int(i) for i in ids if not 0 <= i < self.config.vocab_size)
            raise TokenError(f"token ids go from 0 to {self.config.vocab_size - 1}; got {wrong}")
        return ids

    def _choose_tokens(self, tokens: np.ndarray, positions: slice) -> None:
        self.tape.first[self._embeddings[positions]] = self._rows["wte.weight"][tokens]

    def _find_embeddings(self) -> np.ndarray:
        """The rows where a token's embedding meets a position's: (length, C)."""
        positions = self._rows["wpe.weight"]
        computed = self.tape.second[self.tape.leaves :]
        found = (computed >= positions.min()) & (computed <= positions.max())
        return (self.tape.leaves + np.flatnonzero(found)).reshape(self.length, -1)

    def _piece(self, position: int, target: int) -> np.ndarray:
        """The rows of one position as the walk meets them; the target is in place."""
        piece = self._pieces.get((position, target))
        if piece is None:
            if len(self._pieces) == PIECES_KEPT:
                self._pieces.popitem(last=False)
            piece = self.tape.walk(self._totals[position], floor=self._starts[position])
            self._pieces[position, target] = piece
        return piece


class _Listening(ScalarGPT):
    """Remembers what every softmax was given and what it gave."""

    def __init__(self, config: GPTConfig):
        super().__init__(config)
        self.softmaxes: list[tuple[Vector, Vector]] = []

    def softmax(self, logits: Vector) -> Vector:
        chances = super().softmax(logits)
        self.softmaxes.append((logits, chances))
        return chances

    def greatest(self) -> dict[Value, Vector]:
        """The plain numbers that softmaxes subtract, and what each is the greatest of."""
        found = {}
        for logits, chances in self.softmaxes:
            for chance in chances:  # exp(logit + greatest · −1) · whole^−1
                shifted = chance.inputs[0].inputs[0]
                found[shifted.inputs[1].inputs[0]] = logits
        return found

    def in_order(self, losses: list[Value]) -> list[Value]:
        """Everything to be recorded, position by position, logits before their softmax."""
        heads, positions = self.config.n_layer * self.config.n_head, len(losses)
        results: list[Value] = []
        for position, loss in enumerate(losses):
            softmaxes = self.softmaxes[position * heads : (position + 1) * heads]
            for logits, chances in (*softmaxes, self.softmaxes[positions * heads + position]):
                results += logits + chances
            results.append(loss)
        return results


def _running_totals(loss: Value, positions: int) -> list[Value]:
    """The total surprise after each position, read off the loss: (total + surprise) · 1/n."""
    totals = [loss.inputs[0]]
    while len(totals) < positions:
        totals.append(totals[-1].inputs[0])
    return totals[::-1]


def _logarithms(totals: list[Value]) -> list[Value]:
    """The logarithm of each target's chance: a total is total + surprise, a surprise −log."""
    surprises = [totals[0], *(total.inputs[1] for total in totals[1:])]
    return [surprise.inputs[0] for surprise in surprises]

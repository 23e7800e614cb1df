"""`TapeGPT`: the graph of `ScalarGPT`, recorded once on a tape and run from the tape.

One recording serves every text. Texts of the same length have the same graph except for two
selections, which are patched in: tokens select rows of `wte`, targets select probabilities.
A shorter text runs the beginning of the tape: rows are in order of position, and after each
position comes the loss of a text that ends there.

Gradients are accumulated in the order of the nodes, and float sums depend on that order. `Value`
goes depth first from the loss, so at each position it visits the logit of the *target* first: texts
of equal length have different orders. But it finishes one position before the next, and the order
within a position depends on its target alone. So the whole order is assembled from parts, one for
each pair of position and target, computed once and cached.
"""

import operator
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from microgpt.autograd.engine import context
from microgpt.autograd.value import Value
from microgpt.autograd.value_tape import record
from microgpt.config import GPTConfig
from microgpt.errors import SettingError, ShapeError, StateError, TokenError
from microgpt.models.scalar_gpt import ScalarGPT, Vector, max_of, softmax

MAX_CACHED_ORDERS = 1024


class TapeGPT:
    """A GPT on a tape, for texts of up to `length` tokens (default: `block_size`).

    The first `num_weights` rows of `tape` are the weights; `weights` are views of them by name.
    Losses, logits and gradients equal those of `ScalarGPT` to the last bit, in float64.
    """

    def __init__(self, config: GPTConfig, length: int | None = None):
        if not context.grad_enabled:
            raise StateError("under no_grad there is no graph to record; make the tape outside")
        self.config = config
        if length is not None and length < 1:
            raise SettingError("length", "a positive integer", length)
        self.length = config.block_size if length is None else min(length, config.block_size)
        model = _RecordingGPT(config)
        totals = list(
            accumulate(model.token_losses([0] * self.length, [0] * self.length), operator.add)
        )
        losses = [(1 / n) * total for n, total in enumerate(totals, start=1)]
        self.tape, row_of = record(
            model.in_order(losses), leaves=model.parameters(), maxima=model.maxima()
        )
        self.weights: dict[str, np.ndarray] = {}
        self._weight_rows: dict[str, np.ndarray] = {}
        self.num_weights = 0
        for name, (rows, columns) in config.parameter_shapes().items():
            part = slice(self.num_weights, self.num_weights + rows * columns)
            self.weights[name] = self.tape.data[part].reshape(rows, columns)
            self._weight_rows[name] = np.arange(part.start, part.stop).reshape(rows, columns)
            self.num_weights = part.stop
        self._total_rows = [row_of[total] for total in totals]
        self._loss_rows = np.array([row_of[loss] for loss in losses], np.uint32)
        self._first_rows = [self.tape.num_leaves, *(int(loss) + 1 for loss in self._loss_rows)]
        outputs = model.softmaxes[-self.length :]  # the softmax at the end of each position
        self._logit_rows = np.array([[row_of[v] for v in output.logits] for output in outputs])
        # For patching: the rows whose operand depends on the text, and the rows it can be.
        self._prob_rows = np.array([[row_of[v] for v in output.probs] for output in outputs])
        self._log_prob_rows = np.array([row_of[log_prob] for log_prob in model.log_probs])
        self._embedding_rows = self._find_embedding_rows()
        self._targets: list[int] = []
        self._orders: OrderedDict[tuple[int, int], np.ndarray] = OrderedDict()

    def loss(self, tokens: Sequence[int], targets: Sequence[int]) -> float:
        """Compute the mean negative log-likelihood of `targets`, in nats."""
        T = len(tokens)
        if len(targets) != T or not 0 < T <= self.length:
            raise ShapeError(
                f"this tape takes 1 to {self.length} tokens and as many targets; "
                f"got {T} and {len(targets)}"
            )
        tape, target_ids = self.tape, self._check_ids(targets)
        self._set_tokens(self._check_ids(tokens), slice(T))
        tape.first[self._log_prob_rows[:T]] = self._prob_rows[np.arange(T), target_ids]
        self._targets = target_ids.tolist()
        tape.forward(stop=self._first_rows[T])
        return float(tape.data[self._loss_rows[T - 1]])

    def backward(self) -> None:
        """Compute the gradients of the latest loss, in `tape.grad`."""
        T, tape = len(self._targets), self.tape
        if not T:
            raise StateError("there is no loss to go back from; call loss() right before")
        tape.grad[: self._first_rows[T]] = 0.0
        tape.grad[self._loss_rows[T - 1]] = 1.0
        tape.backward_in_order(self._loss_rows[T - 1 : T])
        for position in reversed(range(T)):
            tape.backward_in_order(self._backward_order(position, self._targets[position]))

    def logits(self, token: int, position: int) -> list[float]:
        """Compute the logits after the token at `position`; call for earlier positions first."""
        if not 0 <= position < self.length:
            raise ShapeError(f"positions go from 0 to {self.length - 1} here; got {position}")
        rows, self._targets = self._logit_rows[position], []  # the latest loss is overwritten
        self._set_tokens(self._check_ids([token]), slice(position, position + 1))
        self.tape.forward(self._first_rows[position], int(rows.max()) + 1)
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
        """Return copies of the weights."""
        return {name: weight.copy() for name, weight in self.weights.items()}

    def gradients(self) -> dict[str, np.ndarray]:
        """Return copies of the gradients, by the names of the weights."""
        return {name: self.tape.grad[rows] for name, rows in self._weight_rows.items()}

    def _check_ids(self, tokens: Sequence[int]) -> np.ndarray:
        ids, V = np.asarray(tokens), self.config.vocab_size
        if ids.min() < 0 or ids.max() >= V:
            invalid = next(int(i) for i in ids if not 0 <= i < V)
            raise TokenError(f"token ids must be from 0 to {V - 1}; got {invalid}")
        return ids

    def _set_tokens(self, tokens: np.ndarray, positions: slice) -> None:
        self.tape.first[self._embedding_rows[positions]] = self._weight_rows["wte.weight"][tokens]

    def _find_embedding_rows(self) -> np.ndarray:
        """Return the rows that add token and position embeddings, (length, C)."""
        wpe_rows = self._weight_rows["wpe.weight"]
        second = self.tape.second[self.tape.num_leaves :]
        adds_wpe = (second >= wpe_rows.min()) & (second <= wpe_rows.max())
        return (self.tape.num_leaves + np.flatnonzero(adds_wpe)).reshape(self.length, -1)

    def _backward_order(self, position: int, target: int) -> np.ndarray:
        """Return a position's rows in backward order; its target must be patched in already."""
        order = self._orders.get((position, target))
        if order is None:
            if len(self._orders) == MAX_CACHED_ORDERS:
                self._orders.popitem(last=False)
            first_row = self._first_rows[position]
            order = self.tape.topological_order(self._total_rows[position], first_row)
            self._orders[position, target] = order
        return order


class _Softmax(NamedTuple):
    """A softmax: its input, the maximum that it subtracted, and its output."""

    logits: Vector
    max_logit: Value
    probs: Vector


class _RecordingGPT(ScalarGPT):
    """Records every softmax with its maximum, and the log-probability of every target."""

    def __init__(self, config: GPTConfig):
        super().__init__(config)
        self.softmaxes: list[_Softmax] = []
        self.log_probs: list[Value] = []

    def softmax(self, logits: Vector) -> Vector:
        max_logit = max_of(logits)
        self.softmaxes.append(_Softmax(logits, max_logit, softmax(logits, max_logit)))
        return self.softmaxes[-1].probs

    def log_prob(self, probs: Vector, target: int) -> Value:
        self.log_probs.append(super().log_prob(probs, target))
        return self.log_probs[-1]

    def maxima(self) -> dict[Value, Vector]:
        """Map the maximum of each softmax to its logits."""
        return {recorded.max_logit: recorded.logits for recorded in self.softmaxes}

    def in_order(self, losses: list[Value]) -> list[Value]:
        """Return all values to record, position by position, logits before their softmax."""
        heads, positions = self.config.n_layer * self.config.n_head, len(losses)
        results: list[Value] = []
        for position, loss in enumerate(losses):
            softmaxes = self.softmaxes[position * heads : (position + 1) * heads]
            for recorded in (*softmaxes, self.softmaxes[positions * heads + position]):
                results += recorded.logits + recorded.probs
            results.append(loss)
        return results

"""`ScalarGPT`: the GPT of `gpt.py` on `Value`; every multiplication is a node to inspect.

Weights are lists of rows of Values, activations are lists of Values, and a sequence is a loop over
positions. Operations are in the order of the microgpt recipe (Karpathy 2026), so that results agree
with it to the last bit. There are no batches and no biases, and it is slow.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from microgpt.autograd.value import Value
from microgpt.config import GPTConfig
from microgpt.errors import SettingError, ShapeError, TokenError

Vector = list[Value]
Matrix = list[Vector]


class ScalarGPT:
    """A GPT in which every number is a `Value`; parameter names and shapes are those of `GPT`."""

    def __init__(self, config: GPTConfig):
        supported = GPTConfig(bias=False, activation="relu", position="learned")
        for field in ("norm", "activation", "position", "bias", "dropout"):
            expected, value = getattr(supported, field), getattr(config, field)
            if value != expected:
                raise SettingError(field, f"{expected!r} in a ScalarGPT", value)
        self.config = config
        self.weights: dict[str, Matrix] = {
            name: [[Value(0.0) for _ in range(columns)] for _ in range(rows)]
            for name, (rows, columns) in config.parameter_shapes().items()
        }

    def parameters(self) -> list[Value]:
        """Return all weights in one list, matrix by matrix, row by row."""
        return [w for matrix in self.weights.values() for row in matrix for w in row]

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Copy weights in, from a dictionary of two-dimensional arrays or nested lists."""
        for name, matrix in self.weights.items():
            if name not in state:
                raise ShapeError(f"{name} is missing from the weights")
            rows = state[name]
            if len(rows) != len(matrix) or len(rows[0]) != len(matrix[0]):
                raise ShapeError(
                    f"{name} must have shape ({len(matrix)}, {len(matrix[0])}); "
                    f"got ({len(rows)}, {len(rows[0])})"
                )
            for row, numbers in zip(matrix, rows, strict=True):
                for w, number in zip(row, numbers, strict=True):
                    w.data = float(number)

    def state_dict(self) -> dict[str, list[list[float]]]:
        """Return the weights as floats."""
        return {k: [[w.data for w in row] for row in m] for k, m in self.weights.items()}

    def gradients(self) -> dict[str, list[list[float]]]:
        """Return the gradients as floats, by the names of the weights."""
        return {k: [[w.grad for w in row] for row in m] for k, m in self.weights.items()}

    def decode_step(self, token: int, position: int, keys: list, values: list) -> Vector:
        """Compute the logits after one more token; `keys[layer]`, `values[layer]` grow by one."""
        config, weights = self.config, self.weights
        if not 0 <= token < config.vocab_size:
            raise TokenError(f"token ids must be from 0 to {config.vocab_size - 1}; got {token}")
        x = [
            t + p
            for t, p in zip(
                weights["wte.weight"][token], weights["wpe.weight"][position], strict=True
            )
        ]
        if config.embedding_norm:
            x = rms_norm(x)
        for layer in range(config.n_layer):
            x = add(x, self._attention(f"h.{layer}.attn", rms_norm(x), keys[layer], values[layer]))
            hidden = linear(rms_norm(x), weights[f"h.{layer}.mlp.c_fc.weight"])
            x = add(x, linear([h.relu() for h in hidden], weights[f"h.{layer}.mlp.c_proj.weight"]))
        if config.final_norm:
            x = rms_norm(x)
        return linear(x, weights["wte.weight" if config.tie_weights else "lm_head.weight"])

    def _attention(self, name: str, x: Vector, keys: list, values: list) -> Vector:
        C, D = self.config.n_embd, self.config.head_dim
        qkv = self.weights[f"{name}.c_attn.weight"]  # three (C, C) matrices, one above the other
        q, k, v = (linear(x, qkv[start : start + C]) for start in (0, C, 2 * C))
        keys.append(k)
        values.append(v)
        out = []
        for head in range(0, C, D):
            columns = range(head, head + D)
            scores = [ordered_sum(q[j] * k[j] for j in columns) / D**0.5 for k in keys]
            weights = self.softmax(scores)
            out += [
                ordered_sum(w * v[j] for w, v in zip(weights, values, strict=True)) for j in columns
            ]
        return linear(out, self.weights[f"{name}.c_proj.weight"])

    def softmax(self, logits: Vector) -> Vector:
        """Call the function `softmax`; a method, so that a subclass can record it."""
        return softmax(logits)

    def log_prob(self, probs: Vector, target: int) -> Value:
        """Return the log-probability of a target; a method, so that a subclass can record it."""
        return probs[target].log()

    def __call__(self, tokens: Sequence[int]) -> list[Vector]:
        """Compute the logits at every position of one sequence."""
        if not 0 < len(tokens) <= self.config.block_size:
            raise ShapeError(
                f"a sequence must have 1 to {self.config.block_size} tokens; got {len(tokens)}"
            )
        keys: list[list[Vector]] = [[] for _ in range(self.config.n_layer)]
        values: list[list[Vector]] = [[] for _ in range(self.config.n_layer)]
        return [self.decode_step(int(t), i, keys, values) for i, t in enumerate(tokens)]

    def token_losses(self, tokens: Sequence[int], targets: Sequence[int]) -> Vector:
        """Compute the negative log-likelihood of each target that is not −1 (ignored), in nats."""
        return [
            -self.log_prob(self.softmax(logits), target)
            for logits, target in zip(self(tokens), targets, strict=True)
            if target >= 0
        ]

    def loss(self, tokens: Sequence[int], targets: Sequence[int]) -> Value:
        """Compute the mean negative log-likelihood of `targets`, in nats; −1 is ignored."""
        losses = self.token_losses(tokens, targets)
        if not losses:
            raise TokenError("every target is -1 (ignored); a loss needs at least one")
        return (1 / len(losses)) * ordered_sum(losses)


def ordered_sum(values: Iterable[Value]) -> Value:
    """Add from left to right, without the compensation of Python's `sum` of floats since 3.12."""
    first, *rest = values
    for value in rest:
        first = first + value
    return first


def add(x: Vector, y: Vector) -> Vector:
    """x + y element by element, `y` first as in the recipe's residual connection."""
    return [b + a for a, b in zip(x, y, strict=True)]


def linear(x: Vector, weight: Matrix) -> Vector:
    """weight · x."""
    return [ordered_sum(w * xi for w, xi in zip(row, x, strict=True)) for row in weight]


def softmax(logits: Vector, max_logit: Value | None = None) -> Vector:
    """exp(logits) / sum(exp(logits)), after subtracting the largest logit as a constant."""
    if max_logit is None:
        max_logit = max_of(logits)
    exps = [(v - max_logit).exp() for v in logits]
    denominator = ordered_sum(exps)
    return [e / denominator for e in exps]


def max_of(values: Vector) -> Value:
    """Return the largest value as a constant: no gradient flows back to the values."""
    return Value(max(v.data for v in values))


def rms_norm(x: Vector, eps: float = 1e-5) -> Vector:
    """x / sqrt(mean(x²) + eps)."""
    scale = (ordered_sum(xi * xi for xi in x) / len(x) + eps) ** -0.5
    return [xi * scale for xi in x]

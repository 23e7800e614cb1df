"""Reproduces the microgpt recipe number for number, on each engine.

Karpathy's microgpt (2026) trains 4,192 parameters on names and samples new names. `run` reproduces
it to the last bit on `Value` and on its tape, and to 1e-12 on `Tensor` in float64. Every random
number comes from one `random.Random(seed)`, in the order shuffle, weights, samples.
"""

import gc
import random
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from microgpt import recording
from microgpt.autograd.engine import no_grad
from microgpt.autograd.value import Value
from microgpt.config import GPTConfig
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.models.scalar_gpt import ScalarGPT, Vector, softmax
from microgpt.models.tape_gpt import TapeGPT
from microgpt.optim import Adam, linear_schedule
from microgpt.tokenizers.char import CharTokenizer

LR, BETA1, BETA2, EPS, STD = 0.01, 0.85, 0.99, 1e-8, 0.08


@dataclass
class ReferenceRun:
    """The results of a run; `losses` and `seconds` have one entry per training step."""

    losses: list[float] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    parameters: dict[str, Any] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)


class _Engine(Protocol):
    """The recipe's model on one engine."""

    def load_state_dict(self, weights: dict[str, Any]) -> None: ...

    def train_step(self, tokens: np.ndarray, targets: np.ndarray, lr: float) -> float: ...

    def sampler(self, temperature: float) -> Callable[[int, int], list[float]]: ...

    def state_dict(self) -> dict[str, Any]: ...


def run(
    names: Sequence[str],
    seed: int = 42,
    num_steps: int = 1000,
    n_embd: int = 16,
    n_head: int = 4,
    n_layer: int = 1,
    block_size: int = 16,
    temperature: float = 0.5,
    num_samples: int = 20,
    engine: str = "value",
    backend: str | None = None,
    dtype: str = "float64",
    capture: bool = False,
    on_step: Callable[[int, float], None] | None = None,
) -> ReferenceRun:
    """Train on `names` (in file order) and sample, as the recipe does.

    `engine` is "value", "tape" (the same graph as a table; needs Numba) or "tensor". "tensor" runs
    on `backend` in `dtype`, and with `capture` its steps are recorded and replayed. Tokens are
    drawn in order of token id, as in the recipe, not in rank order as in `next_token`.
    `on_step(step, loss)` is called after each step.
    """
    if not temperature > 0:
        raise SettingError("temperature", "above 0 in the recipe", temperature)
    documents = [name.strip() for name in names if name.strip()]
    rng = random.Random(seed)
    rng.shuffle(documents)
    tokenizer = CharTokenizer.from_documents(documents)
    config = GPTConfig(
        vocab_size=tokenizer.vocab_size,
        block_size=block_size,
        n_layer=n_layer,
        n_head=n_head,
        n_embd=n_embd,
    )
    max_length = max(map(len, documents)) + 1
    lr_schedule, result = linear_schedule(LR, num_steps), ReferenceRun()
    with _no_garbage_collection():
        model = _build_engine(engine, config, max_length, backend, dtype, capture)
        model.load_state_dict(draw_weights(rng, config))
        for step in range(num_steps):
            tokens = tokenizer.encode(documents[step % len(documents)], bos=True, eos=True)
            count = min(block_size, len(tokens) - 1)
            array = np.array(tokens[: count + 1], np.int32)
            start = time.perf_counter()
            loss = model.train_step(array[:-1], array[1:], lr_schedule(step))
            result.seconds.append(time.perf_counter() - start)
            result.losses.append(loss)
            if on_step is not None:
                on_step(step, loss)
    ids, bos = range(tokenizer.vocab_size), tokenizer.vocab_size - 1
    for _ in range(num_samples):
        next_probs, token, sample = model.sampler(temperature), bos, []
        for position in range(block_size):
            token = rng.choices(ids, weights=next_probs(token, position))[0]
            if token == bos:
                break
            sample.append(token)
        result.samples.append(tokenizer.decode(sample))
    result.parameters = model.state_dict()
    return result


def draw_weights(rng: random.Random, config: GPTConfig) -> dict[str, list[list[float]]]:
    """Draw the recipe's weights, in the recipe's order, with the parameter names of `GPT`."""

    def matrix(rows: int, columns: int) -> list[list[float]]:
        return [[rng.gauss(0, STD) for _ in range(columns)] for _ in range(rows)]

    C, V = config.n_embd, config.vocab_size
    weights = {
        "wte.weight": matrix(V, C),
        "wpe.weight": matrix(config.block_size, C),
        "lm_head.weight": matrix(V, C),
    }
    for layer in range(config.n_layer):
        # Queries, then keys, then values, row by row: the row order of c_attn.
        weights[f"h.{layer}.attn.c_attn.weight"] = matrix(3 * C, C)
        weights[f"h.{layer}.attn.c_proj.weight"] = matrix(C, C)
        weights[f"h.{layer}.mlp.c_fc.weight"] = matrix(4 * C, C)
        weights[f"h.{layer}.mlp.c_proj.weight"] = matrix(C, 4 * C)
    return weights


def _build_engine(
    name: str, config: GPTConfig, max_length: int, backend: str | None, dtype: str, capture: bool
) -> _Engine:
    if name == "value":
        return _ValueEngine(config)
    if name == "tape":
        return _TapeEngine(config, max_length)
    if name == "tensor":
        return _TensorEngine(config, backend, dtype, capture)
    raise SettingError("engine", got=name, choices=("value", "tensor", "tape"))


class _ValueEngine(ScalarGPT):
    """The recipe on scalars, with every operation in the recipe's order."""

    def __init__(self, config: GPTConfig):
        super().__init__(config)
        self.adam_moments = [(0.0, 0.0)] * len(self.parameters())
        self.step_count = 0

    def train_step(self, tokens, targets, lr):
        loss = self.loss(tokens, targets)
        loss.backward()
        self.step_count += 1
        for i, w in enumerate(self.parameters()):
            m, v = self.adam_moments[i]
            m = BETA1 * m + (1 - BETA1) * w.grad
            v = BETA2 * v + (1 - BETA2) * w.grad**2
            self.adam_moments[i] = m, v
            m_hat = m / (1 - BETA1**self.step_count)
            v_hat = v / (1 - BETA2**self.step_count)
            w.data -= lr * m_hat / (v_hat**0.5 + EPS)
            w.grad = 0.0
        return loss.data

    def sampler(self, temperature):
        keys: list = [[] for _ in range(self.config.n_layer)]
        values: list = [[] for _ in range(self.config.n_layer)]

        def next_probs(token: int, position: int) -> list[float]:
            with no_grad():
                return _probs(self.decode_step(token, position, keys, values), temperature)

        return next_probs


class _TapeEngine:
    """The recipe on a tape; results equal those of `_ValueEngine` to the last bit."""

    def __init__(self, config: GPTConfig, max_length: int):
        self.model = TapeGPT(config, max_length)
        self.adam_moments = np.zeros((2, self.model.num_weights))
        self.step_count = 0
        self.load_state_dict = self.model.load_state_dict
        # The first tape's, also after `_lengthen`, which does not change the weights.
        self.state_dict = self.model.state_dict

    def train_step(self, tokens, targets, lr):
        loss = self.model.loss(tokens, targets)
        self.model.backward()
        self.step_count += 1
        corrections = 1 - BETA1**self.step_count, 1 - BETA2**self.step_count
        tape = self.model.tape
        tape.loops.adam.serial(
            tape.data, tape.grad, *self.adam_moments, lr, BETA1, BETA2, *corrections, EPS, 2.0, 0.5
        )
        return loss

    def sampler(self, temperature):
        tokens: list[int] = []

        def next_probs(token: int, position: int) -> list[float]:
            if position == self.model.length:  # longer than any document
                self._lengthen(tokens)
            tokens.append(token)
            with no_grad():
                logits = [Value(x) for x in self.model.logits(token, position)]
                return _probs(logits, temperature)

        return next_probs

    def _lengthen(self, tokens: list[int]) -> None:
        longer = TapeGPT(self.model.config, 2 * self.model.length)
        longer.load_state_dict(self.model.state_dict())
        for position, token in enumerate(tokens):
            longer.logits(token, position)
        self.model = longer


def _probs(logits: Vector, temperature: float) -> list[float]:
    return [prob.data for prob in softmax([x / temperature for x in logits])]


class _TensorEngine:
    """The recipe on tensors."""

    def __init__(self, config: GPTConfig, backend: str | None, dtype: str, capture: bool):
        self.model = GPT(config, dtype=dtype, backend=backend)
        self.optimizer = Adam(self.model.parameters(), LR, (BETA1, BETA2), EPS)
        self.load_state_dict = self.model.load_state_dict
        self.state_dict = self.model.state_dict
        model, optimizer = self.model, self.optimizer

        def step(tokens: np.ndarray, targets: np.ndarray):  # not a method: no reference cycle
            optimizer.zero_grad()
            loss = model.loss(tokens, targets)
            loss.backward()
            optimizer.step()
            return loss

        self._step = recording.capture(step) if capture else step

    def train_step(self, tokens, targets, lr):
        self.optimizer.lr = lr
        return self._step(tokens, targets).item()

    def sampler(self, temperature):
        tokens: list[int] = []

        def next_probs(token: int, position: int) -> list[float]:
            tokens.append(token)
            with no_grad():
                logits = self.model(tokens)[-1] / temperature
                return [float(prob) for prob in logits.softmax().numpy()]

        return next_probs


@contextmanager
def _no_garbage_collection():
    """Disable garbage collection, which is slow here: graphs have no cycles to collect."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

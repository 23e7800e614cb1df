"""`Dropout`: sets a random share of the activations to zero while a model trains.

All masks of one forward pass come from one snapshot of `rng_state` (seed and counter), taken by a
launch: backward draws the same masks again, and a replay draws new ones with every pass.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import context
from microgpt.autograd.tensor import Tensor
from microgpt.backends import Backend
from microgpt.config.checks import check_integer
from microgpt.errors import SettingError
from microgpt.nn.module import Module


class DropoutPass:
    """`with Turn(draws):` is one forward pass, in this thread.

    `rng_state` (2,) int64 holds seed and count. The first `Dropout` in the pass that acts takes the
    snapshot and counts on.
    """

    __slots__ = ("_previous", "_snapshot", "rng_state")

    def __init__(self, rng_state: np.ndarray):
        self.rng_state = rng_state
        self._snapshot: np.ndarray | None = None

    def __enter__(self) -> "DropoutPass":
        self._previous, _thread.active_pass = _thread.active_pass, self
        return self

    def __exit__(self, *_: object) -> None:
        _thread.active_pass = self._previous

    def snapshot(self, backend: Backend) -> np.ndarray:
        """Seed and counter of this pass (2,)."""
        if self._snapshot is None and _thread.frozen:
            self._snapshot = self.rng_state.copy()
        elif self._snapshot is None:
            self._snapshot = backend.empty(2, np.int64)
            backend.launch("dropout_next_state_", self._snapshot, self.rng_state)
        return self._snapshot


class _Thread(threading.local):
    active_pass: DropoutPass | None = None
    frozen = False


_thread = _Thread()


@contextmanager
def freeze_masks() -> Iterator[None]:
    """Every pass in this block drops the same, with gradients or without, and none is counted.

    For finite differences on a model in training mode.
    """
    before = _thread.frozen
    _thread.frozen = True
    try:
        yield
    finally:
        _thread.frozen = before


class Dropout(Module):
    """Sets a random share `p` of the activations to 0 in training, and scales up the others.

    Active in training mode (`Module.train`, `Module.eval`) while gradients are recorded; else the
    identity. Masks follow from `layer_id`, which `GPT` numbers, and from the model's seed and
    counter. A layer outside a GPT has its own `seed` and counter: two of them with one seed and one
    layer_id drop the same.
    """

    def __init__(self, p: float, layer_id: int = 0, seed: int = 0):
        if not isinstance(p, Real) or isinstance(p, bool) or not 0 <= p < 1:
            raise SettingError("p", "at least 0 and below 1", p)
        check_integer("layer_id", layer_id, minimum=0)
        check_integer("seed", seed, minimum=0)
        self.p: float = float(p)
        self.layer_id: int = layer_id
        self._rng_state: np.ndarray = np.array([seed, 0], np.int64)

    def __call__(self, x: Tensor) -> Tensor:
        """x with a share of its numbers dropped, in any shape."""
        rng_state = self.pass_rng_state(x)
        return x if rng_state is None else ops.dropout(x, self.p, rng_state, self.layer_id)

    def pass_rng_state(self, x: Tensor) -> np.ndarray | None:
        """Seed and counter of this pass's masks (2,); None where nothing is dropped."""
        if not (self.p and self.training and (context.grad_enabled or _thread.frozen)):
            return None
        return (_thread.active_pass or DropoutPass(self._rng_state)).snapshot(x.backend)

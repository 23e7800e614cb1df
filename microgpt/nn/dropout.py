"""`Dropout`: set a random share of the activations to zero in training.

All masks of one forward pass are drawn from one snapshot of `rng_state` (seed and counter), and
backward draws the same masks again. A launch takes the snapshot and increments the counter, so
every replay of a captured function draws new masks.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import context
from microgpt.autograd.tensor import Tensor
from microgpt.backends import Backend, check_host_read
from microgpt.backends.memory import as_host
from microgpt.config.checks import check_integer
from microgpt.errors import SettingError
from microgpt.nn.module import Module


class DropoutPass:
    """`with DropoutPass(rng_state):` is one forward pass, in this thread.

    `rng_state` (2,) int64 holds seed and counter. The first active `Dropout` of the pass takes the
    snapshot and increments the counter.
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
        """Return seed and counter of this pass (2,), from a snapshot taken by the first call."""
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
    """Make every pass in this block drop the same elements, and leave the counter unchanged.

    Dropout is then active even without gradients. For finite differences on a model in training
    mode.
    """
    before = _thread.frozen
    _thread.frozen = True
    try:
        yield
    finally:
        _thread.frozen = before


class Dropout(Module):
    """Set a random share `p` of the activations to 0 in training, and scale the others up.

    It is active in training mode (`Module.train`, `Module.eval`) while gradients are recorded, and
    otherwise the identity. Masks depend on `layer_id`, which `GPT` assigns, and on the model's seed
    and counter. A layer outside a GPT has its own `seed` and counter: two such layers with the same
    seed and layer_id drop the same elements.
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
        """Return x, of any shape, with a share of its elements dropped."""
        rng_state = self.pass_rng_state(x)
        return x if rng_state is None else ops.dropout(x, self.p, rng_state, self.layer_id)

    def pass_rng_state(self, x: Tensor) -> np.ndarray | None:
        """Return seed and counter of this pass's masks (2,), or None if nothing is dropped."""
        if not (self.p and self.training and (context.grad_enabled or _thread.frozen)):
            return None
        if _thread.active_pass is None and not x.backend.holds(self._rng_state):
            check_host_read("the first pass of a dropout layer on another back end")
            self._rng_state = x.backend.from_host(as_host(self._rng_state))
        return (_thread.active_pass or DropoutPass(self._rng_state)).snapshot(x.backend)

"""`Dropout`: what a model leaves out at random while it trains.

All masks of one forward pass come from one snapshot of a seed and a count, taken by a launch: the
way back draws the same masks again, and a replay draws new ones with every pass.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real

import numpy as np

from microgpt import ops
from microgpt.autograd.engine import state
from microgpt.autograd.tensor import Tensor
from microgpt.backends import Backend
from microgpt.config.checks import whole
from microgpt.errors import SettingError
from microgpt.nn.module import Module


class Turn:
    """`with Turn(draws):` is one forward pass, in this thread.

    `draws` (2,) int64 holds seed and count. The first `Dropout` in the pass that acts takes the
    snapshot and counts on.
    """

    __slots__ = ("_before", "_snapshot", "draws")

    def __init__(self, draws: np.ndarray):
        self.draws = draws
        self._snapshot: np.ndarray | None = None

    def __enter__(self) -> "Turn":
        self._before, _thread.turn = _thread.turn, self
        return self

    def __exit__(self, *_: object) -> None:
        _thread.turn = self._before

    def snapshot(self, kernels: Backend) -> np.ndarray:
        """Seed and count of this pass."""
        if self._snapshot is None and _thread.frozen:
            self._snapshot = self.draws.copy()
        elif self._snapshot is None:
            self._snapshot = kernels.empty(2, np.int64)
            kernels.launch("dropout_turn_", self._snapshot, self.draws)
        return self._snapshot


class _Thread(threading.local):
    turn: Turn | None = None
    frozen = False


_thread = _Thread()


@contextmanager
def masks_frozen() -> Iterator[None]:
    """Every pass in this block drops the same, with gradients or without, and none is counted.

    For measuring the slopes of a model that trains.
    """
    before = _thread.frozen
    _thread.frozen = True
    try:
        yield
    finally:
        _thread.frozen = before


class Dropout(Module):
    """Sets a random share `p` of the numbers to 0 in training, and scales up the others.

    In training mode (`Module.train`, `Module.eval`) and where gradients are recorded; elsewhere
    everything passes. Masks follow from `site`, which `GPT` numbers, and from the model's seed and
    count of passes. A layer outside a GPT has `seed` and counts by itself: two of them with one
    seed and one site drop the same.
    """

    def __init__(self, p: float, site: int = 0, seed: int = 0):
        if not isinstance(p, Real) or isinstance(p, bool) or not 0 <= p < 1:
            raise SettingError(f"the share p that is dropped must be in [0, 1); got {p!r}")
        whole("site", site, least=0)
        whole("seed", seed, least=0)
        self.p: float = float(p)
        self.site: int = site
        self._draws: np.ndarray = np.array([seed, 0], np.int64)

    def __call__(self, x: Tensor) -> Tensor:
        """x with a share of its numbers dropped, in any shape."""
        turn = self.turn(x)
        return x if turn is None else ops.dropout(x, self.p, turn, self.site)

    def turn(self, x: Tensor) -> np.ndarray | None:
        """Seed and count of the masks in this pass; None where nothing is dropped."""
        if not (self.p and self.training and (state.grad_enabled or _thread.frozen)):
            return None
        return (_thread.turn or Turn(self._draws)).snapshot(x.kernels)

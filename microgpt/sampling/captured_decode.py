"""`Session`: one captured step that reads a token and draws the next, kept with its model.

Recording takes two steps; a session that was used before replays from its first token on.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter, is_
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from microgpt.autograd.engine import no_grad, state
from microgpt.backends import current_tracer
from microgpt.config import SampleConfig
from microgpt.errors import CaptureError
from microgpt.models.gpt import GPT
from microgpt.recording import capture
from microgpt.sampling.decoder import Decoder
from microgpt.sampling.kv_cache import KVCache

UNDECIDED = -1

_free: WeakKeyDictionary[GPT, "Session"] = WeakKeyDictionary()  # at most one for each model
_parts = attrgetter("config", "wte", "wpe", "ln_emb", "h", "ln_f", "lm_head")


class Session:
    """A cache for some texts, and the step; a generator has it to itself until it ends.

    The model is held weakly: what is kept with it must not keep it.
    """

    def __init__(self, model: GPT, batch_size: int = 1):
        self.cache = KVCache(model, batch_size)
        self.token, self.place = np.zeros(batch_size, np.int32), np.zeros(1, np.int32)
        self.dials, self.seed = np.zeros(4), np.zeros(batch_size, np.int64)
        choose = _choosing(self.cache, self.token, self.dials, self.seed, self.place)
        self._choose, self._step = choose, capture(_stepping(model, self.cache, self.token, choose))
        self._replays = True
        self._made_of, self._inside = _parts(model), list(_contents(model))

    def fits(self, model: GPT) -> bool:
        """Whether the model is still made of the parts that were recorded."""
        return all(map(is_, _parts(model), self._made_of)) and all(
            len(container) == len(contents) and all(map(is_, _values(container), contents))
            for container, contents in self._inside
        )

    def start(self, dials: SampleConfig, seeds: Sequence[int]) -> None:
        """Forget the last texts; draw the next ones with these settings, each with its seed."""
        self.cache.reset()
        self.dials[:] = dials.temperature, dials.top_k or 0, dials.top_p or 1, dials.min_p
        self.seed.view(np.uint64)[:] = seeds

    def draw(self, decoder: Decoder, t: int) -> int:
        """The token at place `t`; −1 where only `next_token` can tell, or say what is wrong."""
        position, unseen = self.cache.position, decoder.unseen
        seen = int(position[0])
        if len(unseen) != 1 or seen == self.cache.block_size:
            return int(self.choose(decoder.read(), t)[0])
        self.token[0] = unseen[0]
        token = int(self.step(t)[0])
        if token == UNDECIDED:
            position[0] = seen  # the decoder reads the token again
        else:
            decoder.unseen = []
        return token

    def choose(self, logits: np.ndarray, t: int) -> np.ndarray:
        """The tokens (B,) at place `t` after logits (B, V); −1 as in `draw`."""
        self.place[0] = t
        self._choose(logits)
        return self.token

    def step(self, t: int) -> np.ndarray:
        """Read the tokens in `token` (B,), then choose those at place `t` (B,); −1 as in `draw`."""
        self.place[0] = t
        try:
            if self._replays:
                self._step()
        except CaptureError:  # a part of the learner's own that cannot be recorded
            self._replays = False
        if not self._replays:
            self.token[:] = UNDECIDED
        return self.token


# Functions, not methods: these are held by the recording, which the session holds.


def _choosing(cache: KVCache, token: np.ndarray, *settings: np.ndarray) -> Callable:
    """Write the next token by logits (1, V)."""

    def choose(logits: np.ndarray) -> None:
        cache.kernels.launch("sample_", token, logits, *settings)

    return choose


def _stepping(model: GPT, cache: KVCache, token: np.ndarray, choose: Callable) -> Callable:
    """Read the token, then choose the next: what is captured."""
    weak = ref(model)

    def step() -> None:
        alive = weak()
        assert alive is not None  # whoever draws holds it
        with no_grad():
            choose(alive.decode(token, cache).array)

    return step


def replayed(model: GPT) -> bool:
    """Whether this kind of model is replayed at all."""
    return model.backend != "numpy" and type(model) is GPT


def take(model: GPT) -> Session | None:
    """A session of this model, to be given back; None for a model that is not replayed."""
    if not replayed(model):
        return None
    session = _free.pop(model, None)
    return session if session is not None and session.fits(model) else Session(model)


def give_back(model: GPT, session: Session) -> None:
    """Keep the session for the next text, unless there is one already."""
    _free.setdefault(model, session)


def release(model: GPT) -> None:
    """Free what generating keeps with a model for the next text: a cache, and the recorded step.

    It would else be freed with the model. For GPT-2 (124M) it is 75 MB.
    """
    _free.pop(model, None)


def undisturbed() -> bool:
    """Whether nobody looks inside the model, listens, or has put in operations of their own."""
    if state.name_hook is not None or state.op_hook is not None or state.composed:
        return False
    return current_tracer() is None


def _contents(model: GPT) -> Iterator[tuple[Any, tuple]]:
    """Every dictionary and list that says what the model is made of, and what is in it now."""
    for _, module in model.named_modules():
        attributes = vars(module)
        if module is not model:  # its tokenizer may change, and may lead back to it
            yield attributes, tuple(attributes.values())
        for value in attributes.values():
            if isinstance(value, dict | list):
                yield value, tuple(_values(value))


def _values(container: Any) -> Any:
    return container.values() if isinstance(container, dict) else container

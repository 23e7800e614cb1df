"""Several texts at once: each step reads all weights once, whatever the number of texts."""

from collections.abc import Sequence

import numpy as np

from microgpt import backends
from microgpt.autograd.engine import no_grad
from microgpt.config import SampleConfig
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.sampling.captured_decode import UNDECIDED, Session, replayed, undisturbed
from microgpt.sampling.decoder import window_start
from microgpt.sampling.generation import chooser
from microgpt.sampling.kv_cache import KVCache
from microgpt.sampling.token_sampler import next_token, uniform
from microgpt.sampling.validation import Request, Stop, count_of, request, require_model, tokens_of


def generate_batch(
    model: GPT,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int | None = None,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    seed: int = 0,
    stop: Stop = None,
    capture: bool = True,
) -> list[list[int]]:
    """Continue several prompts of any lengths together: the new tokens of each, in their order.

    Row i is what `generate(model, prompts[i], …, seed=seed + i)` yields, up to rounding: sums over
    several rows may differ in their last digits. All rows stand at the same place: the shortest
    prompt is read whole, and where it is already written on, longer ones read their own next token.
    Nothing is padded or masked, so no row depends on another; all slide at the same place, as one
    alone would. The cache takes as much memory for each row as for a text of its own.
    """
    dials = SampleConfig(temperature, top_k, top_p, min_p)
    require_model(model)
    if not isinstance(prompts, Sequence | np.ndarray) or isinstance(prompts, str):
        raise SettingError(f"prompts are rows of token ids; got {type(prompts).__name__}")
    rows = [tokens_of(model, prompt) for prompt in prompts]
    wanted = request(model.config, dials, seed, stop, rows=len(rows))
    counts = [count_of(model, len(row), max_new_tokens) for row in rows]
    if not rows:
        return []
    return _Batch(model, rows, counts, wanted, capture).write()


class _Batch:
    """The texts (B, longest), of which everything before `t` is there, and how far each goes."""

    def __init__(
        self, model: GPT, rows: list[list[int]], counts: list[int], wanted: Request, capture: bool
    ):
        self.model, self.wanted = model, wanted
        self.given = np.array([len(row) for row in rows])
        self.ends = self.given + counts
        self.text = np.zeros((len(rows), self.ends.max()), np.int32)
        for line, row in zip(self.text, rows, strict=True):
            line[: len(row)] = row
        self.session = Session(model, len(rows)) if capture and replayed(model) else None
        if self.session is None:
            self.cache = KVCache(model, len(rows))
        else:
            self.session.start(wanted.dials, [wanted.seed + i for i in range(len(rows))])
            self.cache = self.session.cache

    def write(self) -> list[list[int]]:
        """Write every text to its end."""
        t, going = 0, self.given < self.ends
        while going.any():
            if (t < self.given[going]).all():  # nobody writes yet, or any more: read on at once
                t = int(self.given[going].min())
                self.cache.reset()
            writing = going & (t >= self.given)
            tokens = self._tokens(t, writing)
            stopped = writing & np.isin(tokens, list(self.wanted.stops))
            self.ends[stopped] = t
            self.text[writing, t] = tokens[writing]
            t += 1
            going &= t < self.ends
        return [
            line[start:end].tolist()
            for line, start, end in zip(self.text, self.given, self.ends, strict=True)
        ]

    def _tokens(self, t: int, writing: np.ndarray) -> np.ndarray:
        """The tokens (B,) at place `t`; they count where `writing`."""
        cache, session, choose = self.cache, self.session, chooser()
        seen = cache.length
        if seen == cache.block_size:
            cache.reset()
            seen = 0
        start = t - 1 if seen else window_start(t, cache.block_size)
        unseen, logits = self.text[:, start:t], None
        tokens = np.full(len(self.text), UNDECIDED)
        if session is not None and choose is None and undisturbed():
            if seen:
                session.token[:] = unseen[:, 0]
                tokens[:] = session.step(t)
            else:
                logits = self._read(unseen)
                tokens[:] = session.choose(logits, t)
        for i in np.flatnonzero(writing & (tokens == UNDECIDED)):
            if logits is None:
                cache.position[0] = seen  # the step may have read them already
                logits = self._read(unseen)
            drawn = {**vars(self.wanted.dials), "u": uniform(self.wanted.seed + int(i), t)}
            row = logits[i].copy()
            tokens[i] = choose(row, **drawn) if choose else next_token(row, **drawn).token
        return tokens

    def _read(self, unseen: np.ndarray) -> np.ndarray:
        """The logits (B, V) after these tokens (B, T), which come after those in the cache."""
        with backends.LOCK, no_grad():
            return self.model.next_token_logits(unseen, self.cache).array

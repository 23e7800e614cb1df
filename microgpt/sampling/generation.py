"""From a prompt to a text, one token at a time."""

import contextvars
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from microgpt.config import SampleConfig
from microgpt.models.gpt import GPT
from microgpt.sampling.captured_decode import UNDECIDED, give_back, take, undisturbed
from microgpt.sampling.decoder import Decoder
from microgpt.sampling.token_sampler import next_token, uniform
from microgpt.sampling.validation import Request, Stop, count_of, request, tokens_of

_chooser: contextvars.ContextVar[Callable[..., int] | None] = contextvars.ContextVar(
    "chooser", default=None
)


@contextmanager
def choosing(function: Callable[..., int]) -> Iterator[None]:
    """`with choosing(f):` here, `generate` picks each token by `f` in place of `next_token`.

    It is called as f(logits, temperature=, top_k=, top_p=, min_p=, u=) and returns a token id.
    """
    mark = _chooser.set(function)
    try:
        yield
    finally:
        _chooser.reset(mark)


def chooser() -> Callable[..., int] | None:
    """What picks the tokens here, if it is not `next_token`."""
    return _chooser.get()


def generate(
    model: GPT,
    prompt: Sequence[int],
    max_new_tokens: int | None = None,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    seed: int = 0,
    stop: Stop = None,
    capture: bool = True,
) -> Iterator[int]:
    """Yield token after token, each chosen by `next_token` with the dice `uniform(seed, t)`.

    `t` is the token's place in the text, the prompt counted: a text continues the same way whether
    its beginning was drawn or given, however long. Ends after a token of `stop` (one or several;
    it is not yielded) or `max_new_tokens` (default: until the block is full). When the block is
    full and more is wanted, the last block_size / 2 tokens are read anew and the older ones
    forgotten; of a prompt longer than the block the model sees what it would see had it drawn it.
    On Numba each step is one replay, with the same choices; `capture=False` turns that off.
    """
    dials = SampleConfig(temperature, top_k, top_p, min_p)
    tokens, wanted = tokens_of(model, prompt), request(model.config, dials, seed, stop)
    return _generate(model, tokens, count_of(model, len(tokens), max_new_tokens), wanted, capture)


def _generate(
    model: GPT, tokens: list[int], count: int, wanted: Request, capture: bool
) -> Iterator[int]:
    session = take(model) if capture else None
    try:
        if session is not None:
            session.start(wanted.dials, [wanted.seed])
        decoder = Decoder(model, tokens, None if session is None else session.cache)
        for t in range(len(tokens), len(tokens) + count):
            token, choose = UNDECIDED, chooser()
            if session is not None and choose is None and undisturbed():
                token = session.draw(decoder, t)
            if token == UNDECIDED:
                drawn = {**vars(wanted.dials), "u": uniform(wanted.seed, t)}
                logits = decoder.logits()
                token = choose(logits, **drawn) if choose else next_token(logits, **drawn).token
            if int(token) in wanted.stops:
                return
            decoder.append(token)
            yield token
    finally:
        if session is not None:
            give_back(model, session)

"""From a prompt to a text, one token at a time."""

import contextvars
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from microgpt.config import SampleConfig
from microgpt.errors import SettingError, ShapeError
from microgpt.models.gpt import GPT
from microgpt.ops.embedding import as_tokens
from microgpt.sampling.choice import next_token, uniform
from microgpt.sampling.decoder import Decoder
from microgpt.sampling.session import UNDECIDED, give_back, take, undisturbed
from microgpt.tokenizers import Tokenizer

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
    stop: int | None = None,
    capture: bool = True,
) -> Iterator[int]:
    """Yield token after token, each chosen by `next_token` with the dice `uniform(seed, t)`.

    `t` is the token's place in the text, the prompt counted: a text continues the same way
    whether its beginning was drawn or given. Ends after `stop` (which is not yielded) or
    `max_new_tokens` (default: until the block is full). When the block is full and more is
    wanted, the last block_size / 2 tokens are read anew and the older ones forgotten.
    On Numba each step is one replay, with the same choices; `capture=False` turns that off.
    """
    tokens = as_tokens(prompt).tolist()
    block_size, V = model.config.block_size, model.config.vocab_size
    dials = SampleConfig(temperature, top_k, top_p, min_p)
    if not 0 < len(tokens) <= block_size:
        raise ShapeError(
            f"the prompt must have 1 to {block_size} tokens (the model's block, a beginning mark "
            f"counted); got {len(tokens)}"
        )
    if top_k is not None and top_k > V:
        raise SettingError(f"top_k must be from 1 to the vocabulary's {V}; got {top_k}")
    uniform(seed, 0)  # refuses a seed that is none, before the first token
    if max_new_tokens is None:
        max_new_tokens = block_size - len(tokens) + 1
    if max_new_tokens < 0:
        raise SettingError(f"max_new_tokens must be 0 or above; got {max_new_tokens}")
    return _generate(model, tokens, max_new_tokens, dials, seed, stop, capture)


def _generate(
    model: GPT,
    tokens: list[int],
    count: int,
    dials: SampleConfig,
    seed: int,
    stop: int | None,
    capture: bool,
) -> Iterator[int]:
    session = take(model) if capture else None
    try:
        if session is not None:
            session.start(dials, seed)
        decoder = Decoder(model, tokens, None if session is None else session.cache)
        for t in range(len(tokens), len(tokens) + count):
            token, chooser = UNDECIDED, _chooser.get()
            if session is not None and chooser is None and undisturbed():
                token = session.draw(decoder, t)
            if token == UNDECIDED:
                drawn = {**vars(dials), "u": uniform(seed, t)}
                logits = decoder.logits()
                token = chooser(logits, **drawn) if chooser else next_token(logits, **drawn).token
            if token == stop:
                return
            decoder.append(token)
            yield token
    finally:
        if session is not None:
            give_back(model, session)


def generate_text(
    model: GPT,
    tokenizer: Tokenizer,
    count: int = 1,
    prompt: str = "",
    max_new_tokens: int | None = None,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    seed: int = 0,
    capture: bool = True,
) -> Iterator[str]:
    """Yield `count` texts that begin with `prompt` and end where the model ends them.

    Text number i is drawn with the dice of `seed` + i. Without BOS and without a prompt, a text
    starts from `tokenizer.first_prompt` (a new line, if there is one), which is not shown.
    """
    if count < 0:
        raise SettingError(f"count must be 0 or above; got {count}")
    start = tokenizer.encode(prompt or tokenizer.first_prompt, bos=True)
    for i in range(count):
        tokens = generate(
            model,
            start,
            max_new_tokens,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            min_p=min_p,
            seed=seed + i,
            stop=tokenizer.bos,
            capture=capture,
        )
        yield prompt + tokenizer.decode(tokens)

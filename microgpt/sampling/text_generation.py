"""From a prompt to a text that can be read, whole or piece by piece."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from microgpt.config.checks import whole
from microgpt.errors import SettingError, ShapeError
from microgpt.models.gpt import GPT
from microgpt.sampling.batch import generate_batch
from microgpt.sampling.generation import generate
from microgpt.sampling.token_sampler import check_counter
from microgpt.sampling.validation import require_model, require_tokenizer
from microgpt.tokenizers import Tokenizer

BROKEN = "\N{REPLACEMENT CHARACTER}"  # what bytes that are no whole character decode to
GPT2 = 50_257, 50_256  # its vocabulary's size, and the token that ends a text


def generate_text(
    model: GPT,
    tokenizer: Tokenizer,
    count: int = 1,
    prompt: str | Sequence[str] = "",
    max_new_tokens: int | None = None,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    seed: int = 0,
    bos: bool | None = None,
    ignore_end: bool = False,
    capture: bool = True,
) -> Iterator[str]:
    """Yield `count` texts that begin with `prompt` and end where the model ends them.

    Text number i is drawn with the dice of `seed` + i. Of several prompts each is continued, all
    together as `generate_batch` does it, then all again: `count` texts of each. A text ends before
    the end-of-text token, which is never shown; `ignore_end` writes on. `bos` says whether the
    beginning mark stands before a prompt (None: with every vocabulary but GPT-2's own, whose texts
    other programs continue without). Without a prompt a text starts from the mark, or from
    `tokenizer.default_prompt` (a new line, if there is one), which is not shown.
    """
    whole("count", count, least=0)
    require_tokenizer(tokenizer)
    options: dict[str, Any] = {
        "temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p,
        "stop": None if ignore_end else end_of(tokenizer), "capture": capture,
    }  # fmt: skip
    several = isinstance(prompt, Sequence) and not isinstance(prompt, str)
    prompts: Any = list(prompt) if several else [prompt]
    starts = [opening(model, tokenizer, text, bos) for text in prompts]
    for start in starts:  # what is wrong is said now, not at the first text
        generate(model, start, max_new_tokens, seed=seed, **options)
    check_counter("seed", seed)
    seeds = range(int(seed), int(seed) + count * len(starts), max(1, len(starts)))
    check_counter("seed", seeds[-1] + len(starts) - 1 if seeds else seed)

    def texts() -> Iterator[str]:
        for first in seeds:
            if len(starts) == 1:
                written: Any = [generate(model, starts[0], max_new_tokens, seed=first, **options)]
            else:
                written = generate_batch(model, starts, max_new_tokens, seed=first, **options)
            for text, tokens in zip(prompts, written, strict=True):
                yield text + tokenizer.decode(tokens)

    return texts()


def stream_text(
    model: GPT,
    tokenizer: Tokenizer,
    prompt: str = "",
    max_new_tokens: int | None = None,
    *,
    bos: bool | None = None,
    ignore_end: bool = False,
    **options: Any,
) -> Iterator[str]:
    """Yield one text of `generate_text` in pieces, as soon as each can be read.

    The first piece is the prompt. A token may be a part of a character, so that some pieces take
    several tokens; all together are what `generate_text` gives. `options` are those of `generate`
    (temperature, top_k, top_p, min_p, seed, capture).
    """
    start = opening(model, tokenizer, prompt, bos)
    stop = None if ignore_end else end_of(tokenizer)
    tokens = generate(model, start, max_new_tokens, **{"stop": stop, **options})
    return chain([prompt] if prompt else [], pieces(tokenizer, tokens))


def pieces(tokenizer: Tokenizer, tokens: Iterable[int]) -> Iterator[str]:
    """Yield the text of tokens that come one by one, never half a character.

    Joined, the pieces are what `tokenizer.decode` makes of all tokens.
    """
    unread: list[int] = []
    for token in tokens:
        unread.append(token)
        text = tokenizer.decode(unread)
        if not text.endswith(BROKEN):  # else the next token may complete it
            unread.clear()
            if text:
                yield text
    if unread:
        yield tokenizer.decode(unread)


def opening(
    model: GPT, tokenizer: Tokenizer, prompt: str = "", bos: bool | None = None
) -> list[int]:
    """The tokens that a model is given to continue `prompt`; see `generate_text`."""
    require_model(model)
    require_tokenizer(tokenizer)
    if not isinstance(prompt, str):
        raise SettingError(f"a prompt is a string; got {prompt!r:.60}")
    if tokenizer.vocab_size != model.config.vocab_size:
        raise ShapeError(
            f"the tokenizer has {tokenizer.vocab_size} tokens, the model "
            f"{model.config.vocab_size}; hand over the tokenizer it was trained with"
        )
    if not prompt:
        return tokenizer.encode(tokenizer.default_prompt, bos=True)
    if bos is None:
        bos = (tokenizer.vocab_size, tokenizer.bos) != GPT2
    return tokenizer.encode(prompt, bos=bos)


def end_of(tokenizer: Tokenizer) -> int | None:
    """The token that ends a text, if there is one."""
    return getattr(tokenizer, "end_of_text", tokenizer.bos)

"""`generate_text` and `stream_text`: continue a prompt as text, whole or piece by piece."""

from collections.abc import Generator, Iterator, Sequence
from itertools import chain
from typing import Any

from microgpt.config.checks import check_integer
from microgpt.errors import SettingError, ShapeError
from microgpt.models.gpt import GPT
from microgpt.sampling.batch import generate_batch
from microgpt.sampling.generation import generate
from microgpt.sampling.incremental_decode import incremental_decode
from microgpt.sampling.stop_strings import (
    StoppingDecoder,
    StopText,
    check_stop_strings,
    decode_until,
)
from microgpt.sampling.token_sampler import check_counter
from microgpt.sampling.validation import check_model, check_tokenizer
from microgpt.tokenizers import Tokenizer

GPT2 = 50_257, 50_256  # its vocab_size and BOS/EOS token id


def generate_text(
    model: GPT,
    tokenizer: Tokenizer,
    num_samples: int = 1,
    prompt: str | Sequence[str] = "",
    max_new_tokens: int | None = None,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    min_p: float = 0.0,
    seed: int = 0,
    bos: bool | None = None,
    ignore_eos: bool = False,
    stop: StopText = None,
    capture: bool = True,
) -> Iterator[str]:
    """Yield `num_samples` texts that begin with `prompt` and that the model continues.

    The i-th text has the seed `seed` + i. Several prompts are continued together by
    `generate_batch`, `num_samples` times: a text of each prompt, then again a text of each. The EOS
    token ends a text and is not shown; with `ignore_eos` it goes on. `stop` is a string or several:
    what is generated ends before the first of them. `bos` puts the BOS token before a prompt
    (default: not with GPT-2's vocabulary, as in other programs). Without a prompt a text starts
    from BOS or, in a vocabulary without BOS, from `tokenizer.default_prompt` (a new line, if there
    is one); neither is shown.
    """
    check_integer("num_samples", num_samples, minimum=0)
    check_tokenizer(tokenizer)
    strings = check_stop_strings(stop)
    options: dict[str, Any] = {
        "temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p,
        "stop": None if ignore_eos else eos_token_id(tokenizer), "capture": capture,
    }  # fmt: skip
    several = isinstance(prompt, Sequence) and not isinstance(prompt, str)
    texts: Any = list(prompt) if several else [prompt]
    prompts = [encode_prompt(model, tokenizer, text, bos) for text in texts]
    for ids in prompts:  # raises errors now, not at the first text
        generate(model, ids, max_new_tokens, seed=seed, **options)
    check_counter("seed", seed)
    seeds = range(int(seed), int(seed) + num_samples * len(prompts), max(1, len(prompts)))
    check_counter("seed", seeds[-1] + len(prompts) - 1 if seeds else seed)

    def samples() -> Iterator[str]:
        for first_seed in seeds:
            completions: Any
            if len(prompts) > 1:
                options["seed"] = first_seed
                completions = _continue_batch(
                    model, tokenizer, prompts, max_new_tokens, strings, options
                )
            else:
                tokens = generate(model, prompts[0], max_new_tokens, seed=first_seed, **options)
                completions = [_decode(tokenizer, tokens, strings)]
            for text, completion in zip(texts, completions, strict=True):
                yield text + completion

    return samples()


def _decode(
    tokenizer: Tokenizer, tokens: Generator[int, None, None], strings: tuple[str, ...]
) -> str:
    return (
        "".join(decode_until(tokenizer, tokens, strings)) if strings else tokenizer.decode(tokens)
    )


def _continue_batch(
    model: GPT,
    tokenizer: Tokenizer,
    prompts: list[list[int]],
    max_new_tokens: int | None,
    strings: tuple[str, ...],
    options: dict[str, Any],
) -> list[str]:
    """Continue several prompts together; a row with a stop string ends, the others go on."""
    if not strings:
        rows = generate_batch(model, prompts, max_new_tokens, **options)
        return [tokenizer.decode(row) for row in rows]
    decoders = [StoppingDecoder(tokenizer, strings) for _ in prompts]
    pieces: list[list[str]] = [[] for _ in prompts]

    def should_stop(row: int, token: int) -> bool:
        pieces[row].append(decoders[row].feed(token))
        return decoders[row].found

    generate_batch(model, prompts, max_new_tokens, should_stop=should_stop, **options)
    return [
        "".join((*parts, decoder.flush())) for parts, decoder in zip(pieces, decoders, strict=True)
    ]


def stream_text(
    model: GPT,
    tokenizer: Tokenizer,
    prompt: str = "",
    max_new_tokens: int | None = None,
    *,
    bos: bool | None = None,
    ignore_eos: bool = False,
    stop: StopText = None,
    **options: Any,
) -> Iterator[str]:
    """Yield one text of `generate_text` in pieces, as soon as each can be decoded.

    The first piece is the prompt. A token may be part of a character, so some pieces need several
    tokens; text that could begin a string of `stop` is held back. The pieces joined are the text
    that `generate_text` yields. `options` are those of
    `generate` (temperature, top_k, top_p, min_p, seed, capture).
    """
    ids = encode_prompt(model, tokenizer, prompt, bos)
    strings = check_stop_strings(stop)
    stop_id = None if ignore_eos else eos_token_id(tokenizer)
    tokens = generate(model, ids, max_new_tokens, stop=stop_id, **options)
    pieces = (
        decode_until(tokenizer, tokens, strings)
        if strings
        else incremental_decode(tokenizer, tokens)
    )
    return chain([prompt] if prompt else [], pieces)


def encode_prompt(
    model: GPT, tokenizer: Tokenizer, prompt: str = "", bos: bool | None = None
) -> list[int]:
    """Encode `prompt` as the token ids that the model continues; see `generate_text`."""
    check_model(model)
    check_tokenizer(tokenizer)
    if not isinstance(prompt, str):
        raise SettingError("prompt", "a string", prompt)
    if tokenizer.vocab_size != model.config.vocab_size:
        raise ShapeError(
            f"the tokenizer has {tokenizer.vocab_size} tokens, the model "
            f"{model.config.vocab_size}; hand over the tokenizer it was trained with"
        )
    if not prompt:
        return tokenizer.encode(tokenizer.default_prompt, bos=True)
    if bos is None:
        bos = (tokenizer.vocab_size, tokenizer.bos_token_id) != GPT2
    return tokenizer.encode(prompt, bos=bos)


def eos_token_id(tokenizer: Tokenizer) -> int | None:
    """Return the id of the token that ends a text, or None."""
    return getattr(tokenizer, "eos_token_id", tokenizer.bos_token_id)

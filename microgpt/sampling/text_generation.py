"""`generate_text` and `stream_text`: continue a prompt as text, whole or piece by piece."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from microgpt.config.checks import check_integer
from microgpt.errors import SettingError, ShapeError
from microgpt.models.gpt import GPT
from microgpt.sampling.batch import generate_batch
from microgpt.sampling.generation import generate
from microgpt.sampling.token_sampler import check_counter
from microgpt.sampling.validation import check_model, check_tokenizer
from microgpt.tokenizers import Tokenizer

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # incomplete UTF-8 bytes decode to it
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
    capture: bool = True,
) -> Iterator[str]:
    """Yield `num_samples` texts that begin with `prompt` and that the model continues.

    The i-th text has the seed `seed` + i. Several prompts are continued together by
    `generate_batch`, `num_samples` times: a text of each prompt, then again a text of each. The EOS
    token ends a text and is not shown; with `ignore_eos` it goes on. `bos` says whether the BOS
    token precedes a prompt (default: yes, except with GPT-2's vocabulary, where other programs omit
    it). Without a prompt a text starts from BOS or, in a vocabulary without BOS, from
    `tokenizer.default_prompt` (a new line, if there is one); neither is shown.
    """
    check_integer("num_samples", num_samples, minimum=0)
    check_tokenizer(tokenizer)
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
            if len(prompts) == 1:
                completions = [
                    generate(model, prompts[0], max_new_tokens, seed=first_seed, **options)
                ]
            else:
                completions = generate_batch(
                    model, prompts, max_new_tokens, seed=first_seed, **options
                )
            for text, tokens in zip(texts, completions, strict=True):
                yield text + tokenizer.decode(tokens)

    return samples()


def stream_text(
    model: GPT,
    tokenizer: Tokenizer,
    prompt: str = "",
    max_new_tokens: int | None = None,
    *,
    bos: bool | None = None,
    ignore_eos: bool = False,
    **options: Any,
) -> Iterator[str]:
    """Yield one text of `generate_text` in pieces, as soon as each can be decoded.

    The first piece is the prompt. A token may be part of a character, so some pieces need several
    tokens. The pieces joined are the text that `generate_text` yields. `options` are those of
    `generate` (temperature, top_k, top_p, min_p, seed, capture).
    """
    ids = encode_prompt(model, tokenizer, prompt, bos)
    stop = None if ignore_eos else eos_token_id(tokenizer)
    tokens = generate(model, ids, max_new_tokens, **{"stop": stop, **options})
    return chain([prompt] if prompt else [], incremental_decode(tokenizer, tokens))


def incremental_decode(tokenizer: Tokenizer, tokens: Iterable[int]) -> Iterator[str]:
    """Decode tokens as they arrive; yield pieces of text that never split a character.

    The pieces joined equal `tokenizer.decode` of all tokens.
    """
    pending: list[int] = []
    for token in tokens:
        pending.append(token)
        text = tokenizer.decode(pending)
        if not text.endswith(REPLACEMENT):  # else the next token may complete it
            pending.clear()
            if text:
                yield text
    if pending:
        yield tokenizer.decode(pending)


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

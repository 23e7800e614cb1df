"""Time greedy generation without and with a KV cache, alternating between the two."""

import time
from collections.abc import Sequence

from microgpt.autograd.engine import no_grad
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.sampling import Decoder
from microgpt.tokenizers import resolve_tokenizer
from microgpt.viz.kv_cache_timing import (
    CacheTimings,
    draw_cache_timings,
    render_cache_timings,
    timings_table,
)
from microgpt.widgets.logits_source import token_unit
from microgpt.widgets.panel import Panel

MAX_SECONDS = 8.0  # after which no further round begins


def kv_cache_timing(model: GPT, tokens: Sequence[int], length: int, rounds: int = 5) -> Panel:
    """Show two bars: the median times of `rounds` greedy generations of `length` tokens.

    One bar is for recomputing the whole text for every token, the other for a KV cache. `tokens`
    are the ids that the text begins with. On a slow or busy machine there are fewer rounds.
    """
    return Panel(
        time_generation(model, tokens, length, rounds),
        render_cache_timings,
        draw_cache_timings,
        css_class="timing",
        numbers_table=timings_table,
    )


def time_generation(
    model: GPT, tokens: Sequence[int], length: int, rounds: int = 5
) -> CacheTimings:
    """Measure both ways in turn, in each round, after one that warms up; return milliseconds.

    No round begins that would end later than MAX_SECONDS, but one is always measured.
    """
    block_size = model.config.block_size
    if not len(tokens) < length <= block_size:
        raise SettingError(
            "length",
            f"above the {len(tokens)} tokens given, and at most the block's {block_size}",
            length,
        )
    recompute_ms: list[float] = []
    cached_ms: list[float] = []
    begin = round_start = time.perf_counter()
    for round_index in range(rounds + 1):
        now = time.perf_counter()
        if round_index > 1 and 2 * now - round_start > begin + MAX_SECONDS:
            break
        round_start = now
        for generate, times in ((_recompute, recompute_ms), (_generate_cached, cached_ms)):
            start = time.perf_counter()
            generate(model, list(tokens), length)
            if round_index:  # the first one may compile kernels
                times.append(1000 * (time.perf_counter() - start))
    tokenizer = resolve_tokenizer(model, None)
    unit = "token" if tokenizer is None else token_unit(tokenizer)
    return CacheTimings(
        length - len(tokens), tuple(recompute_ms), tuple(cached_ms), unit,
        planned_rounds=rounds if len(cached_ms) < rounds else None,
    )  # fmt: skip


def _recompute(model: GPT, tokens: list[int], length: int) -> None:
    with no_grad():
        while len(tokens) < length:
            tokens.append(int(model(tokens).numpy()[-1].argmax()))


def _generate_cached(model: GPT, tokens: list[int], length: int) -> None:
    decoder = Decoder(model, tokens)
    while len(decoder.tokens) < length:
        decoder.append(int(decoder.logits().argmax()))

"""What a KV cache saves: the same letters drawn with and without it, timed in turns."""

import time
from collections.abc import Sequence
from statistics import median

from microgpt.autograd.engine import no_grad
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.sampling import Decoder
from microgpt.viz.drawing import Drawing, Rect, Text
from microgpt.viz.table import html_table

WIDTH, HEIGHT, LEFT, SCALE = 720, 84, 170, 300


def cache_times(model: GPT, tokens: Sequence[int], length: int, rounds: int = 5) -> Drawing:
    """Two bars: the milliseconds to draw a greedy text up to `length` tokens, medians of `rounds`.

    One way reads the whole text again for each token, the other keeps it in a KV cache.
    """
    if not len(tokens) < length <= model.config.block_size:
        raise SettingError(
            f"length must be above the {len(tokens)} tokens given, and at most the block's "
            f"{model.config.block_size}; got {length}"
        )
    times: dict[str, list[float]] = {"read again": [], "kept in a cache": []}
    for _ in range(rounds):
        for name, draw in (("read again", _again), ("kept in a cache", _kept)):
            begun = time.perf_counter()
            draw(model, list(tokens), length)
            times[name].append(1000 * (time.perf_counter() - begun))
    middle = {name: median(measured) for name, measured in times.items()}
    ratio = middle["read again"] / middle["kept in a cache"]
    drawing = Drawing(WIDTH, HEIGHT, name="cache")
    drawing.part("fluid")
    for place, (name, measured) in enumerate(times.items()):
        y = 8 + 34 * place
        long = SCALE * middle[name] / max(middle.values())
        spread = f"{middle[name]:.0f} ms ({min(measured):.0f} to {max(measured):.0f})"
        drawing.add(
            Text(LEFT - 8, y + 15, name, "end"),
            Rect(LEFT, y, long, 20, "blue"),
            Text(LEFT + 8 + long, y + 15, spread),
        )
    drawing.caption = (
        f"{length - len(tokens)} letters take {middle['read again']:.0f} ms when all is read again "
        f"and {middle['kept in a cache']:.0f} ms with a cache ({ratio:.1f} to 1): medians of "
        f"{rounds} runs in turns."
    )
    rows = [(name, *(f"{time:.3f}" for time in sorted(times[name]))) for name in times]
    drawing.details = html_table(("way", *("ms",) * rounds), rows, folded=True)
    return drawing


def _again(model: GPT, tokens: list[int], length: int) -> None:
    with no_grad():
        while len(tokens) < length:
            tokens.append(int(model(tokens).numpy()[-1].argmax()))


def _kept(model: GPT, tokens: list[int], length: int) -> None:
    decoder = Decoder(model, tokens)
    while len(decoder.tokens) < length:
        decoder.append(int(decoder.logits().argmax()))

"""How numbers and tokens are written: rounding that adds up, visible spaces, names of ranks."""

import math
import unicodedata
from collections.abc import Sequence

import numpy as np

ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)  # fmt: skip

# First-strong isolates: text that runs from right to left keeps to its own place.
ISOLATE, POP = "\u2068", "\u2069"


def tenths(chances: Sequence[float] | np.ndarray) -> list[int]:
    """Chances that sum to 1, in tenths of a per cent that sum to exactly 1,000.

    By largest remainder; one below 0.05 % never gets a tenth, so that "< 0.1" stays true.
    """
    exact = np.asarray(chances, np.float64) * 1000
    whole = np.floor(exact + 1e-9).astype(int)
    able = np.flatnonzero(exact >= 0.5)
    whole[exact < 0.5] = 0
    missing = 1000 - int(whole.sum())
    if missing <= 0 or not len(able):
        return whole.tolist()
    ranked = able[np.argsort(-(exact - whole)[able], kind="stable")]
    for place in range(missing):
        whole[ranked[place % len(ranked)]] += 1
    return whole.tolist()


def per_cent(tenth: int, kept: bool = True) -> str:
    """A number of tenths as "23.6 %"; kept, but too small to show: "< 0.1 %"; cut: "cut"."""
    if not kept:
        return "cut"
    return "< 0.1 %" if tenth == 0 else f"{tenth / 10:.1f} %"


def share(chance: float) -> str:
    """One chance in per cent, with one digit after the point."""
    return "< 0.1 %" if 0 < chance < 0.0005 else f"{100 * chance:.1f} %"


def one_in(nats: float) -> str:
    """The chance e^(−nats) as "1 in 4,800", to two digits; infinite is "cannot be produced"."""
    if math.isinf(nats):
        return "cannot be produced"
    if nats / math.log(10) >= 15:
        return f"1 in 10^{nats / math.log(10):.0f}"
    odds = math.exp(nats)
    if odds < 9.95:
        return f"1 in {odds:.1f}"
    step = 10 ** max(0, math.floor(math.log10(odds)) - 1)
    return f"1 in {round(odds / step) * step:,}"


def ordinal(rank: int) -> str:
    """A rank counted from 0 as a choice: "the first choice", "choice number 37"."""
    return f"the {ORDINALS[rank]} choice" if rank < len(ORDINALS) else f"choice number {rank + 1:,}"


def visible(token: str, longest: int = 12) -> str:
    """A token as it can be shown: the end mark in words, blanks as signs, nothing invisible."""
    if token == "⟨BOS⟩":
        return "end"
    inner = len(token) - len(token.lstrip(" ")), len(token.rstrip(" "))
    signs = {"\n": "⏎", "\t": "⇥"}
    shown = "".join(
        "␣" if letter == " " and not inner[0] <= place < inner[1] else signs.get(letter, letter)
        for place, letter in enumerate(token)
    )
    shown = "".join(f"U+{ord(letter):04X}" if _invisible(letter) else letter for letter in shown)
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in shown):
        shown = ISOLATE + shown + POP
    return shown


def _invisible(letter: str) -> bool:
    """What leaves no mark on a page; but the joiner of emoji is part of a sign."""
    kinds = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")
    return unicodedata.category(letter) in kinds and letter not in (" ", "\u200d")


def apart(*numbers: float) -> list[str]:
    """Numbers with three digits after the point, or as many more as tell them apart."""
    digits = 3
    while digits < 9 and len({f"{number:.{digits}f}" for number in numbers}) < len(set(numbers)):
        digits += 1
    return [f"{number:.{digits}f}" for number in numbers]


def quoted(token: str) -> str:
    """A token in a sentence: 'a', or the end mark as it is called."""
    return "the end" if token == "⟨BOS⟩" else f"'{visible(token)}'"

"""Format numbers and tokens: percentages that add up, odds, ranks, visible whitespace."""

import math
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from microgpt.plain_text import BOS_LABEL

FILTER_NAMES = {"top_k": "top-k", "top_p": "top-p", "min_p": "min-p"}
LARGE_NUMBERS = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"), (1.0, ""))

# A first-strong isolate keeps right-to-left text from reordering the text around it.
FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"


def to_permille(probs: Sequence[float] | np.ndarray) -> list[int]:
    """Round probabilities that sum to 1 to integers per mille that sum to exactly 1,000.

    By largest remainders; a probability below 0.5 ‰ stays 0, so that "< 0.1 %" is true of it.
    """
    exact = np.asarray(probs, np.float64) * 1000
    rounded = np.floor(exact + 1e-9).astype(int)
    roundable = np.flatnonzero(exact >= 0.5)
    rounded[exact < 0.5] = 0
    remainder = 1000 - int(rounded.sum())
    if remainder <= 0 or not len(roundable):
        return rounded.tolist()
    by_remainder = roundable[np.argsort(-(exact - rounded)[roundable], kind="stable")]
    for i in range(remainder):
        rounded[by_remainder[i % len(by_remainder)]] += 1
    return rounded.tolist()


def format_permille(permille: int, kept: bool = True) -> str:
    """Format an integer per mille as "23.6 %", 0 as "< 0.1 %", and a filtered token as "cut"."""
    if not kept:
        return "cut"
    return "< 0.1 %" if permille == 0 else f"{permille / 10:.1f} %"


def format_prob(prob: float) -> str:
    """Format a probability in per cent, with one decimal."""
    return "< 0.1 %" if 0 < prob < 0.0005 else f"{100 * prob:.1f} %"


def format_param(value: float) -> str:
    """Format a sampling parameter: a count as it is, else two decimals, more only if it has more.

    So that 0.9 and 0.85 are equally wide, and a slider's step of 0.05 is seen.
    """
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.2f}" if abs(round(value, 2) - value) < 1e-9 else f"{value:g}"


def format_odds(nll: float) -> str:
    """Format the probability e^(−nll) as "1 in 4,800", two digits, or "cannot be produced".

    From 10^6 on the number has a word, "1 in 14 million", and from 10^15 on it is a power of 10.
    """
    if math.isinf(nll):
        return "cannot be produced"
    power_of_10 = nll / math.log(10)
    if power_of_10 >= math.log10(9.95e14):  # where two digits round up to 10^15
        return f"1 in {power_of_ten(power_of_10)}"
    odds = math.exp(nll)
    return f"1 in {odds:.1f}" if odds < 9.95 else f"1 in {format_large(odds)}"


def power_of_ten(exponent: float) -> str:
    """Format 10 to a rounded exponent, as in 10²⁰."""
    return "10" + f"{exponent:.0f}".translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def format_large(number: float) -> str:
    """Format a number from 1 to 10^15 with two digits: "4,800", "14 million", "2.3 billion"."""
    unit = 10 ** max(0, math.floor(math.log10(number)) - 1)
    rounded = round(number / unit) * unit
    size, word = next((size, word) for size, word in LARGE_NUMBERS if rounded >= size)
    if not word:
        return f"{rounded:,}"
    return f"a{word}" if rounded == size else f"{rounded / size:.3g}{word}"


def format_perplexity(loss: float) -> str:
    """Format e to the loss: with one decimal below 100, as "over a million" from 10^6 on."""
    perplexity = math.exp(min(loss, 700))
    if perplexity < 100:
        return f"{perplexity:.1f}"
    return f"{perplexity:,.0f}" if perplexity < 1e6 else "over a million"


def ranked(rank: int) -> str:
    """Format a rank counted from 0 as "the most probable", "the 2nd most probable", …"""
    return f"the {ordinal(rank + 1)} most probable" if rank else "the most probable"


def ordinal(number: int) -> str:
    """Format a number as "1st", "2nd", "13th", …"""
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def width_in_em(text: str) -> float:
    """Estimate the width of a text, never too small, in the widest font that a page may use."""
    return sum(map(_char_width, text))


def _char_width(char: str) -> float:
    if unicodedata.category(char) in ("Cf", "Mn", "Me"):
        return 0.0
    if unicodedata.east_asian_width(char) in "WF" or unicodedata.category(char) == "So":
        return 1.3
    return 1.0 if char in "mwMW@%—…" else 0.64


@lru_cache(maxsize=4096)  # a view shows the same labels again and again
def visible(token: str, max_length: int = 12) -> str:
    """Return a token's text as it is shown, in at most `max_length` characters.

    BOS becomes "end"; outer blanks and control characters become symbols.
    """
    if token == BOS_LABEL:
        return "end"
    inner_start, inner_end = len(token) - len(token.lstrip(" ")), len(token.rstrip(" "))
    signs = {"\n": "⏎", "\t": "⇥"}
    text = "".join(
        "␣" if char == " " and not inner_start <= i < inner_end else signs.get(char, char)
        for i, char in enumerate(token)
    )
    text = "".join(f"U+{ord(char):04X}" if _is_invisible(char) else char for char in text)
    if len(text) > max_length:
        text = text[: max_length - 1] + "…"
    if any(unicodedata.bidirectional(char) in ("R", "AL") for char in text):
        text = FIRST_STRONG_ISOLATE + text + POP_DIRECTIONAL_ISOLATE
    return text


def visible_input(token: str, max_length: int = 12) -> str:
    """Return the text of a token that a model reads: there BOS comes first and is "start"."""
    return "start" if token == BOS_LABEL else visible(token, max_length)


def label_length(label: str) -> int:
    """Return how many characters of a label that `visible` made are seen."""
    return len(label.strip(FIRST_STRONG_ISOLATE + POP_DIRECTIONAL_ISOLATE))


def _is_invisible(char: str) -> bool:
    """Return whether a character prints nothing; the joiner inside an emoji does not count."""
    categories = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs")
    return unicodedata.category(char) in categories and char not in (" ", "\u200d")


def distinct_decimals(*numbers: float, decimals: int = 3) -> list[str]:
    """Format numbers with `decimals`, or with more (up to nine) if that tells them apart."""
    while decimals < 9 and len({f"{x:.{decimals}f}" for x in numbers}) < len(set(numbers)):
        decimals += 1
    return [f"{x:.{decimals}f}" for x in numbers]


def in_quotes(shown: str) -> str:
    """Return words between the quotation marks of all sentences, questions and captions."""
    return f"“{shown}”"


def quoted(token: str) -> str:
    """Return a token's text for use in a sentence: “a”, or "the end" for BOS."""
    return "the end" if token == BOS_LABEL else in_quotes(visible(token))


def quoted_text(text: str) -> str:
    """Return a text for use in a sentence: quoted, shortened, control characters as symbols."""
    return in_quotes(visible(text, 24))

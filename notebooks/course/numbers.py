"""The rule for numbers in prose: measured and held by an expression, or declared as a setting."""

import math
import re
from collections.abc import Iterator
from typing import Any

from microgpt.errors import FormatError

from .page import Page

LARGE = 100
DIGITS = re.compile(
    r"(?<![\w.,])(?<!\w-)(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?P<share>\s?(?:%|per\s?cent\b))?"
)
IN_WORDS = re.compile(r"\b(?:hundred|thousand|million|billion)\b", re.IGNORECASE)
NEEDED = {
    "number": {"notebook", "text", "value", "corpus", "seed"},
    "setting": {"notebook", "text", "reason"},
}


def found_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Where a text has numbers that look measured: decimals, shares, and a hundred or more."""
    for found in DIGITS.finditer(text):
        digits = found["digits"]
        if found["share"] or "." in digits or int(digits.replace(",", "")) >= LARGE:
            yield found.span()
    for found in IN_WORDS.finditer(text):
        yield found.span()


def numbers_are_held(page: Page) -> list[str]:
    """Each number that looks measured stands in a text of numbers.toml, and each text is used.

    A cell with a measured number names its corpus, or it would be false on another.
    """
    declared = [*page.numbers, *page.settings]
    wrong, used = [], set()
    for cell in page.markdown:
        for block in cell.blocks:
            allowed = []
            for entry in declared:
                for found in re.finditer(re.escape(entry["text"]), block.text):
                    allowed.append(found.span())
                    used.add(entry["text"])
                    corpus = entry.get("corpus", "none")
                    if corpus != "none" and corpus not in cell.text:
                        wrong.append(
                            f"cell {cell.name!r}: {entry['text']!r} was measured on {corpus!r}; "
                            "name it in this cell"
                        )
            wrong += [
                f"cell {cell.name!r}: numbers.toml does not hold {block.text[start:end]!r} in "
                f"{block.text[max(0, start - 20) : end + 20]!r}"
                for start, end in found_numbers(block.text)
                if not any(a <= start and end <= b for a, b in allowed)
            ]
    return wrong + [
        f"numbers.toml holds {entry['text']!r}, which no prose says"
        for entry in declared
        if entry["text"] not in used
    ]


def incomplete(kind: str, entry: dict[str, Any]) -> str | None:
    """What is missing in, or strange about, an entry of numbers.toml."""
    if differing := sorted(set(entry) ^ NEEDED[kind]):
        return f"the {kind} {entry.get('text')!r} has wrong or missing fields: {differing}"
    return None


def disagreement(entry: dict[str, Any]) -> str | None:
    """Evaluate an entry; None if its expression gives the digits that its text shows.

    The expression sees `mg`, `math`, `np`, `corpus` (loaded; None for "none") and `seed`. It gives
    a number for each in the text, a share for each per cent, or a word that the text must have.
    """
    import numpy as np

    import microgpt as mg

    corpus = None if entry["corpus"] == "none" else mg.load_corpus(entry["corpus"])
    scope = {"mg": mg, "math": math, "np": np, "corpus": corpus, "seed": entry["seed"]}
    value = eval(entry["value"], scope)  # our own file, as trusted as this one
    text = entry["text"]
    if isinstance(value, str):
        return None if value in text else f"{text!r} does not say {value!r}"
    values = value if isinstance(value, tuple | list) else [value]
    shown = list(DIGITS.finditer(text))
    if len(shown) != len(values):
        raise FormatError(f"{text!r} has {len(shown)} numbers, its expression gives {len(values)}")
    for found, one in zip(shown, values, strict=True):
        digits = found["digits"].replace(",", "")
        places = len(digits.partition(".")[2])
        sign = "-" if text[: found.start()].endswith(("−", "-")) else ""
        now = f"{float(one) * (100 if found['share'] else 1):.{places}f}"
        if now != sign + digits:
            return f"{text!r} says {sign}{digits}, its expression gives {now}"
    return None


RULES = [numbers_are_held]

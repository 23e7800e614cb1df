"""The rule for numbers in prose: measured and reproduced by an expression, or a setting."""

import math
import re
from collections.abc import Iterator
from typing import Any

from microgpt.errors import FormatError

from .page import Page

MIN_MEASURED = 100  # smaller whole numbers need no entry
NUMBER = re.compile(
    r"(?<![\w.,])(?<!\w-)(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?P<percent>\s?(?:%|per\s?cent\b))?"
)
NUMBER_WORD = re.compile(r"\b(?:hundred|thousand|million|billion)\b", re.IGNORECASE)
FIELDS = {
    "number": {"notebook", "text", "value", "corpus", "seed"},
    "setting": {"notebook", "text", "reason"},
    "framed": {"notebook", "number", "neighbours"},
    "measured": {"notebook", "claim", "text", "effect", "spread", "of_seeds", "verdict"},
}


def measured_spans(text: str) -> Iterator[tuple[int, int]]:
    """The spans of numbers that look measured: decimals, per cents, and a hundred or more."""
    for match in NUMBER.finditer(text):
        digits = match["digits"]
        if match["percent"] or "." in digits or int(digits.replace(",", "")) >= MIN_MEASURED:
            yield match.span()
    for match in NUMBER_WORD.finditer(text):
        yield match.span()


def numbers_are_held(page: Page) -> list[str]:
    """Each number that looks measured stands in a text of numbers.toml, and each text is used.

    A cell with a measured number names its corpus, or it would be false on another.
    """
    entries = [*page.numbers, *page.settings]
    violations, used = [], set()
    for cell in page.markdown:
        for block in cell.blocks:
            spans = []
            for entry in entries:
                for match in re.finditer(re.escape(entry["text"]), block.text):
                    spans.append(match.span())
                    used.add(entry["text"])
                    corpus = entry.get("corpus", "none")
                    if corpus != "none" and corpus not in cell.text:
                        violations.append(
                            f"cell {cell.name!r}: {entry['text']!r} was measured on {corpus!r}; "
                            "name it in this cell"
                        )
            violations += [
                f"cell {cell.name!r}: numbers.toml does not hold {block.text[start:end]!r} in "
                f"{block.text[max(0, start - 20) : end + 20]!r}"
                for start, end in measured_spans(block.text)
                if not any(first <= start and end <= last for first, last in spans)
            ]
    return violations + [
        f"numbers.toml holds {entry['text']!r}, which is in no prose"
        for entry in entries
        if entry["text"] not in used
    ]


def field_error(table: str, entry: dict[str, Any]) -> str | None:
    """The fields that an entry of numbers.toml lacks or should not have; None if it is right."""
    if differing := sorted(set(entry) ^ FIELDS[table]):
        name = entry.get("text", entry.get("number"))
        return f"the {table} {name!r} has wrong or missing fields: {differing}"
    return None


def value_error(entry: dict[str, Any]) -> str | None:
    """Evaluate an entry's expression; None if it gives the digits that its text shows.

    The expression sees `mg`, `math`, `np`, `corpus` (loaded; None for "none") and `seed`. It gives
    a number for each in the text, a share for each per cent, or a word that the text must have.
    """
    import numpy as np

    import microgpt as mg

    corpus = None if entry["corpus"] == "none" else mg.load_corpus(entry["corpus"])
    namespace = {"mg": mg, "math": math, "np": np, "corpus": corpus, "seed": entry["seed"]}
    value = eval(entry["value"], namespace)  # our own file, as trusted as this one
    text = entry["text"]
    if isinstance(value, str):
        return None if value in text else f"{text!r} does not say {value!r}"
    values = value if isinstance(value, tuple | list) else [value]
    matches = list(NUMBER.finditer(text))
    if len(matches) != len(values):
        raise FormatError(
            f"{text!r} has {len(matches)} numbers, its expression gives {len(values)}"
        )
    for match, number in zip(matches, values, strict=True):
        digits = match["digits"].replace(",", "")
        decimals = len(digits.partition(".")[2])
        sign = "-" if text[: match.start()].endswith(("−", "-")) else ""
        expected = f"{float(number) * (100 if match['percent'] else 1):.{decimals}f}"
        if sign + digits != expected:
            return f"{text!r} says {sign}{digits}, its expression gives {expected}"
    return None


RULES = [numbers_are_held]

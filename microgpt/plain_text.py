"""Plain text: lists and counts as they stand in a sentence, minus signs, tables in columns."""

from collections.abc import Iterable, Sequence

BOS_LABEL = "⟨BOS⟩"  # the text of the BOS token; pictures show it as the start or the end
UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")  # of memory
_JUSTIFY = {"l": str.ljust, "r": str.rjust}


def join_and(parts: Iterable[object]) -> str:
    """Join parts as in a sentence: "a", "a and b", "a, b and c"."""
    return join_words(parts, " and ")


def join_or(parts: Iterable[object]) -> str:
    """Join parts as in a sentence: "a", "a or b", "a, b or c"."""
    return join_words(parts, " or ")


def join_words(parts: Iterable[object], conjunction: str) -> str:
    """Join parts by commas, the last one by `conjunction`; no parts are ""."""
    *others, last = [str(part) for part in parts] or [""]
    return f"{', '.join(others)}{conjunction}{last}" if others else last


def pluralize(count: int, noun: str) -> str:
    """Format a count with its noun: "1 minute", "1,000 minutes"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_bytes(count: int) -> str:
    """Format a number of bytes with a unit: 21.7 GiB."""
    number, unit = float(count), 0
    while number >= 1000 and unit < len(UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:,.3g} {UNITS[unit]}" if number < 1000 else f"{number:,.0f} {UNITS[unit]}"


def with_minus(number: str) -> str:
    """Return a formatted number with a minus sign in place of each hyphen."""
    return number.replace("-", "−")


def text_table(rows: Iterable[Sequence[str]], align: str = "l", indent: int = 0) -> list[str]:
    """Return rows of cells as lines in columns, two blanks apart, without blanks at their ends.

    `align` has "l" (left) or "r" (right) for each column; its last letter is that of all further
    ones. The first row may be a header. No rows are no lines.
    """
    rows = list(rows)
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    justify = [_JUSTIFY[letter] for letter in align.ljust(len(columns), align[-1])]
    lines = []
    for row in rows:
        cells = [side(text, width) for side, text, width in zip(justify, row, widths, strict=True)]
        lines.append((" " * indent + "  ".join(cells)).rstrip())
    return lines

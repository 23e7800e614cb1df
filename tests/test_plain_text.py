"""Lists in sentences, and tables in columns."""

from pathlib import Path

import pytest

from microgpt import plain_text
from microgpt.plain_text import (
    format_bytes,
    join_and,
    join_or,
    join_words,
    pluralize,
    text_table,
    with_minus,
)

ROWS = [("model", "loss", "note"), ("pairs", "12.5", ""), ("a network", "2", "the best one")]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")],
)
def test_parts_are_joined_as_in_a_sentence(parts, expected):
    assert join_and(parts) == join_and(iter(parts)) == expected
    assert join_or(parts) == expected.replace("and", "or")


def test_parts_need_not_be_texts():
    assert join_and([(2, 3), 4, "x"]) == "(2, 3), 4 and x"
    assert join_words(["go on", "", "stop"], ", or ") == "go on, , or stop"


def test_only_one_is_singular():
    numbers = [pluralize(count, "more step") for count in (0, 1, 2, 1000)]
    assert numbers == ["0 more steps", "1 more step", "2 more steps", "1,000 more steps"]


@pytest.mark.parametrize("by_hand", ['replace("-", "−")', "{'s' *", "{'s' if", '"⟨BOS⟩"'])
def test_nothing_is_written_by_hand(by_hand):
    """Counts, minus signs and the BOS token are written here alone."""
    package = Path(plain_text.__file__).parent
    files = [path for path in package.rglob("*.py") if path.name != "plain_text.py"]
    assert not [path for path in files if by_hand in path.read_text("utf-8")]


def test_each_hyphen_of_a_number_becomes_a_minus_sign():
    assert with_minus("-1.5e-06, +2") == "−1.5e−06, +2"


def test_columns_stand_on_their_sides():
    assert text_table(ROWS) == [
        "model      loss  note",
        "pairs      12.5",
        "a network  2     the best one",
    ]
    assert text_table(ROWS, "lrl", indent=2) == [
        "  model      loss  note",
        "  pairs      12.5",
        "  a network     2  the best one",
    ]


def test_the_last_letter_is_that_of_all_further_columns():
    assert (
        text_table(ROWS, "lr")
        == text_table(ROWS, "lrr")
        == [
            "model      loss          note",
            "pairs      12.5",
            "a network     2  the best one",
        ]
    )


def test_a_table_needs_rows_of_one_length():
    assert text_table([]) == []
    with pytest.raises(ValueError, match="zip"):
        text_table([("a", "b"), ("c",)])


def test_sizes_are_readable():
    assert [format_bytes(n) for n in (0, 999, 1500, 10 << 30, 3 << 72)] == [
        "0 bytes", "999 bytes", "1.46 KiB", "10 GiB", "12,288 EiB"
    ]  # fmt: skip

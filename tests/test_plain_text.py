"""Lists in sentences, and tables in columns."""

import pytest

from microgpt.plain_text import join_and, join_or, join_words, text_table

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

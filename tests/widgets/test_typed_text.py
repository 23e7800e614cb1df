"""A typed text as a model reads it: capitals as small letters where it knows no capitals."""

import pytest

from microgpt.widgets.typed_text import ReadText, read_typed_text

SMALL = set("abcdefghijklmnopqrstuvwxyzéς")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("anna", ReadText("anna")),
        ("  anna\t", ReadText("anna")),
        ("", ReadText("")),
        ("Anna", ReadText("anna", lowercased=True)),
        ("ANNÉ", ReadText("anné", lowercased=True)),
        ("Anna Maria", ReadText("anna maria", (" ",), lowercased=True)),
        ("anna maria", ReadText("anna maria", (" ",))),
        ("A-7-Ж", ReadText("a-7-Ж", ("-", "7", "Ж"), lowercased=True)),
        ("ΜΙΣ", ReadText("ΜΙς", ("Ι", "Μ"), lowercased=True)),  # Σ at the end of a word
        ("İda", ReadText("İda", ("İ",))),  # two characters as small letters, of which one is known
    ],
)
def test_a_model_of_small_letters(typed, read):
    assert read_typed_text(typed, SMALL.__contains__) == read


def test_a_model_keeps_the_capitals_that_it_knows():
    known = (SMALL | set("W ")).__contains__
    assert read_typed_text("Wren Wood", known) == ReadText("Wren Wood")
    assert read_typed_text("Wren Zoe", known) == ReadText("Wren zoe", lowercased=True)


def test_a_model_of_capitals_reads_no_small_letters():
    assert read_typed_text("Anna", "ANNA".__contains__) == ReadText("Anna", ("a", "n"))

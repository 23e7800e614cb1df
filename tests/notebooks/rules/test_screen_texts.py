"""What views, widgets and cards show keeps the notebooks' English and their terms."""

import tomllib
from pathlib import Path

import pytest
from course.rules import english
from course.rules.concepts import concept
from course.rules.page import declarations

import microgpt

PACKAGE = Path(microgpt.__file__).parent
FILES = [
    *(path for folder in ("viz", "widgets", "learn") for path in (PACKAGE / folder).rglob("*.py")),
    PACKAGE / "learn" / "messages.toml",
]
CORE = [
    known
    for term, entry in declarations("concepts.toml").items()
    if (known := concept(term, entry)).core
]


def strings_of(value):
    """The strings in nested tables and lists."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in strings_of(part)]


def texts(path):
    """The strings of a module without its docstrings, or those of a TOML file."""
    text = path.read_text("utf-8")
    if path.suffix == ".toml":
        return strings_of(tomllib.loads(text))
    return list(english.strings_in_code(text))


def test_strings_are_found():
    assert strings_of({"a": ["b", {"c": "d"}], "e": 1}) == ["b", "d"]
    assert "Every property holds." in texts(PACKAGE / "learn" / "messages.toml")
    assert "Return one sentence with your guess" not in " ".join(
        texts(PACKAGE / "learn" / "predictions.py")
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_its_english_is_natural(path):
    found = [
        (phrase, text) for text in texts(path) for phrase, _ in english.unnatural_phrases(text)
    ]
    assert found == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_it_says_the_term_and_not_its_plain_words_alone(path):
    found = [
        (known.term, substitute, text)
        for known in CORE
        for text in texts(path)
        if not known.count_uses(text)
        for substitute in known.substitutes(text)
    ]
    assert found == []

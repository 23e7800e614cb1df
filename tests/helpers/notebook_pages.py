"""What the tests of the notebooks' rules share: pages made of a few cells."""

from course.output_cleaning import MASK
from course.rules.page import Cell, Page

PICTURE = {"output_type": "display_data", "data": {"image/png": "…", "text/plain": "It fell."}}
TEXT = {"output_type": "stream", "name": "stdout", "text": "27\n"}
MASKED = {"output_type": "display_data", "data": MASK}


def md(text, *tags):
    return Cell("text", "markdown", text, tags)


def code(text, *outputs, tags=(), notes=(), is_collapsed=False):
    return Cell("code", "code", text, tuple(tags), outputs, notes, is_collapsed)


def page(*cells, name="00_test", **declared):
    return Page(name, cells, **declared)


def predict(id, *notes):
    return code("ask", TEXT, tags=[f"predict:{id}"], notes=notes or ("misconception: all",))


def number_entry(text, corpus="none", **more):
    """An entry of numbers.toml."""
    return {"notebook": "00_test", "text": text, "value": "0", "corpus": corpus, "seed": 0, **more}


STUB = code("mine = todo()", tags=["exercise:00.first"])


def check_rule(rule, kept, *violating):
    """The rule is kept by a page, and each other page gets a sentence with its part."""
    assert rule(kept) == []
    for wrong, part in violating:
        assert any(part in violation for violation in rule(wrong)), (part, rule(wrong))

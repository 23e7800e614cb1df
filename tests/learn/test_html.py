"""Cards as HTML: readable without their style sheet, and every text in them a text."""

import re
from html.parser import HTMLParser

import pytest

from microgpt.learn.html import Card, Row, card_html, mark_differences, with_code, with_style
from microgpt.viz.html import tag

HOSTILE = "<img src=x onerror=alert(1)>"
FULL = Card(
    "not yet", "✗", "Not yet", "09.sample", "Broken", "It holds.",
    (Row("got", "[1, 2]", "wrong", "[1, 3]", "sum 3"),
     Row("expected", "[1, 3]", "wanted", "[1, 2]")),
    ("usual cause", "A typo."), "def f():\n    return 1",
    (("✓", "It is so."),), "Try `mg.help()` now.",
)  # fmt: skip


class Words(HTMLParser):
    """The text outside the style sheet, as a front end shows it that removes the sheet."""

    def __init__(self, html):
        super().__init__()
        self.words, self.in_style = [], False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.in_style = tag == "style"

    def handle_data(self, data):
        if not self.in_style:
            self.words.append(data)

    def __str__(self):
        return " ".join("".join(self.words).split())


def test_without_its_sheet_a_card_reads_from_top_to_bottom():
    assert str(Words(card_html(FULL))) == (
        "✗ Not yet 09.sampleBroken: It holds.got [1, 2] sum 3expected [1, 3]"
        "usual cause: A typo.def f(): return 1✓ It is so.Try mg.help() now."
    )


def test_its_elements_say_what_they_are():
    html = card_html(FULL)
    for element in ("<h3 ", "<p ", "<dl ", "<dt>", "<dd ", "<pre ", "<li>"):
        assert element in html
    assert 'style="' not in html  # nothing but the sheet gives it a look
    assert '</style><div class="mg-host">' in html


def test_empty_parts_are_left_out():
    html = card_html(Card("plain", "?", "Hint"))
    for element in ("<p", "<dl", "<pre", "<ul", "<code"):
        assert element not in html.partition("</style>")[2]


def test_a_card_brings_the_rules_it_needs_and_no_others():
    html = with_style(tag("p", "x"), "exercise")
    assert html.endswith("<p>x</p>")
    assert ".mg-card" in html
    assert ".mg-exercise" in html
    assert "--mg-ink:" in html
    for other in (".mg-prediction", ".mg-likelihood", ".noUi"):
        assert other not in html


@pytest.mark.parametrize("field", ["title", "name", "sentence", "code", "footer", "symbol"])
def test_every_part_is_text(field):
    html = card_html(FULL._replace(**{field: HOSTILE}))
    assert "<img" not in html
    assert "&lt;img" in html


@pytest.mark.parametrize(
    "card",
    [
        FULL._replace(label=HOSTILE),
        FULL._replace(rows=(Row(HOSTILE, "1"),)),
        FULL._replace(rows=(Row("got", HOSTILE, "wrong", "1"),)),
        FULL._replace(rows=(Row("got", "1", note=HOSTILE),)),
        FULL._replace(cause=(HOSTILE, "x")),
        FULL._replace(cause=("x", HOSTILE)),
        FULL._replace(points=((HOSTILE, "x"),)),
        FULL._replace(points=(("x", HOSTILE),)),
        FULL._replace(footer=f"`{HOSTILE}`"),
    ],
)
def test_every_text_inside_a_part_is_text(card):
    assert "<img" not in card_html(card)
    assert "&lt;img" in card_html(card)


@pytest.mark.parametrize(
    ("text", "other", "marked"),
    [
        ("[1, 2.5, 3]", "[1, 2.4, 3]", ["2.5"]),
        ("[1.5e-05, -2]", "[1.5e-06, 2]", ["1.5e-05", "-2"]),
        ("[nan, inf]", "[1, inf]", ["nan"]),
        ("[ 1, 10]", "[1, 11]", ["10"]),
        ("[1, 2]", "[1, 2, 3]", []),  # another count: nothing stands opposite
        ("[1, 2]", "(1, 3)", []),
        ("a list", "an array", []),
        ("5", "5", []),
        ("", "5", []),
    ],
)
def test_numbers_that_differ_are_marked(text, other, marked):
    pieces = mark_differences(text, other)
    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, differs in pieces if differs] == marked


def test_marked_numbers_are_bold_on_the_card():
    html = card_html(FULL)
    marked = re.findall(r'<dd class="mg-(\w+)">\[1, <b>(\d)</b>\]', html)
    assert marked == [("wrong", "2"), ("wanted", "3")]


def test_what_stands_in_backquotes_is_code():
    assert with_code("a `b<c` d `") == "a <code>b&lt;c</code> d `"

"""HTML elements: texts and attributes are escaped, HTML is not escaped twice."""

from microgpt.viz.html import Markup, join, percent, tag

HOSTILE = '<img src=x onerror="alert(1)">'
SHOWN = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;"


def test_texts_and_attributes_are_escaped():
    assert tag("b", HOSTILE) == f"<b>{SHOWN}</b>"
    assert tag("b", title=HOSTILE) == f'<b title="{SHOWN}"></b>'
    assert join("a", HOSTILE) == f"a{SHOWN}"


def test_an_element_in_another_stays_an_element():
    assert tag("p", tag("b", "1 < 2"), " and ") == "<p><b>1 &lt; 2</b> and </p>"
    assert tag("p", Markup("<i>ready</i>")) == "<p><i>ready</i></p>"
    assert isinstance(join(tag("b")), Markup)


def test_classes_carry_the_prefix():
    assert tag("div", css_class="strip wide") == '<div class="mg-strip mg-wide"></div>'


def test_attributes():
    assert tag("i", aria_hidden="true", hidden=None, open=False) == '<i aria-hidden="true"></i>'
    assert tag("details", open=True) == '<details open=""></details>'
    assert tag("i", data_rank=0) == '<i data-rank="0"></i>'


def test_a_share_as_a_length():
    assert percent(1 / 3) == "33.333%"

"""The table of samples: columns, marks, counts, and what is left without a style sheet."""

import re

from microgpt.viz.looks import style_sheet
from microgpt.viz.sample_table import SampleTable, labelled_text

TABLE = SampleTable(
    {0.0: ("anna", "anna"), 1.5: ("xqzj", "")},
    {0.0: ("trained on", "trained on"), 1.5: ("new", "")},
    "name",
)


def body(table):
    return table._repr_html_().partition("</style>")[2]


def test_a_column_for_each_temperature_with_marks_and_counts():
    html = body(TABLE)
    assert re.findall(r"<strong>(.*?)</strong>", html) == ["T = 0", "T = 1.5"]
    assert html.count('aria-label="trained on"') == 2
    assert html.count('aria-label="new"') == 1
    assert "1 different name of 2" in html
    assert "2 different names of 2" in html
    assert "(empty)" in html
    assert html.count("in the list, not trained on") == 1  # the legend


def test_without_a_style_sheet_it_is_a_table_that_can_be_read():
    html = body(TABLE)
    assert html.count("<td>") == 2
    text = re.sub(r"<(?:/?div|/td|h3|strong)[^>]*>", "\n", html)
    lines = [line.strip() for line in re.sub(r"<[^>]*>", "", text).splitlines()]
    assert lines.count("● anna") == 2
    assert "○ xqzj" in lines
    assert "○ new ◐ in the list, not trained on ● trained on" in lines


def test_its_style_sheet_is_its_own():
    html = TABLE._repr_html_()
    assert style_sheet("base", "table") in html
    assert html.count("<style>") == 1


def test_as_plain_text():
    assert repr(TABLE) == (
        "T = 0                  T = 1.5\n"
        "● anna                 ○ xqzj\n"
        "● anna                 (empty)\n"
        "1 different name of 2  2 different names of 2\n"
        "○ new   ◐ in the list, not trained on   ● trained on"
    )


def test_texts_without_labels_have_no_legend_and_more_letters():
    text = "It was a dark and stormy night, and the"
    table = SampleTable({1.0: (text,)}, {1.0: ("",)})
    assert text in body(table)
    assert "trained on" not in body(table)
    assert repr(table).splitlines() == [
        "T = 1",
        "It was a dark and storm…",
        "1 different text of 1",
    ]


def test_sampled_texts_are_shown_as_text():
    table = SampleTable({1.0: ("<b>", "&")}, {1.0: ("", "<i>")})
    html = body(table)
    assert "<span>&lt;b&gt;</span>" in html
    assert "<span>&amp;</span>" in html
    assert "<i>" not in html
    assert table[1.0] == ("<b>", "&")


def test_the_largest_letters_that_fit_depend_on_the_longest_name():
    assert '--w:2.6"' in body(TABLE)
    longer = SampleTable({1.0: ("maximiliana", "o")}, {1.0: ("new", "new")})
    assert f'--w:{9 * 0.64 + 2:.1f}"' in body(longer)


def test_a_label_after_its_text():
    assert labelled_text("anna", "new") == "anna · new"
    assert labelled_text("", "new") == "(empty) · new"
    assert labelled_text("anna", "") == "anna"

"""What learners type is text in every table and list, and never HTML."""

import pytest

from microgpt.viz.table import html_table

HOSTILE = "<img src=x onerror=alert(1)>"
SHOWN = "&lt;img src=x onerror=alert(1)&gt;"


@pytest.mark.parametrize(
    "html",
    [
        html_table((HOSTILE, "b"), [(1, 2)]),
        html_table(("a", "b"), [(1, HOSTILE)]),
        html_table(("a", "b"), [(1, 2)], HOSTILE),
    ],
    ids=("header", "cell", "caption"),
)
def test_html_is_shown_as_text(html):
    assert HOSTILE not in html
    assert SHOWN in html


def test_texts_stand_on_the_left_and_numbers_on_the_right():
    html = html_table(("way", "note", "ms"), [("a", "b", 3)], text_columns=2)
    assert html.count('<td class="mg-text">') == html.count('<th scope="col" class="mg-text">') == 2
    assert "<td>3</td>" in html

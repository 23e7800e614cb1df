"""What learners type is text in every picture, table and caption, and never HTML."""

import pytest

from microgpt.viz.drawing import Drawing, Text
from microgpt.viz.sample_table import SampleTable
from microgpt.viz.table import html_table

HOSTILE = "<img src=x onerror=alert(1)>"
SHOWN = "&lt;img src=x onerror=alert(1)&gt;"


def drawing():
    picture = Drawing(100, 50, f'{HOSTILE} "quoted"')
    picture.add(Text(0, 10, HOSTILE))
    return picture


@pytest.mark.parametrize(
    "html",
    [
        html_table((HOSTILE, "b"), [(1, 2)]),
        html_table(("a", "b"), [(1, HOSTILE)]),
        html_table(("a", "b"), [(1, 2)], HOSTILE),
        drawing().svg(),
        drawing()._repr_mimebundle_()["text/html"],
    ],
    ids=("header", "cell", "table's caption", "svg", "figure"),
)
def test_html_is_shown_as_text(html):
    assert HOSTILE not in html
    assert SHOWN in html


def test_each_text_of_a_drawing_is_escaped_by_itself():
    svg = drawing().svg()
    assert f'aria-label="{SHOWN} &quot;quoted&quot;"' in svg
    assert f">{SHOWN}</text>" in svg
    html = drawing()._repr_mimebundle_()["text/html"]
    assert f"<figcaption>{SHOWN} &quot;quoted&quot;</figcaption>" in html


def test_a_sampled_text_is_shown_as_text():
    table = SampleTable({1.0: ("<b>", "&")}, {1.0: ("", "<i>")})
    html = table._repr_html_()
    assert "<td>&lt;b&gt;</td>" in html
    assert "<td>&amp; · &lt;i&gt;</td>" in html
    assert table[1.0] == ("<b>", "&")

"""The table of races: cells, caption, and text that is escaped."""

from microgpt.viz.race_table import RaceRow, RaceTable

ORDERS = ("forwards", "backwards")
ROWS = (
    RaceRow("sum", "no barrier", (True, False), (("race",), ("bounds", "race"))),
    RaceRow("sum", "no guard", (True, True), (("race",), ())),
    RaceRow("product", "a wrong index", (False, False), ((), ())),
)
CONTROLS = (RaceRow("sum", "", (True, True), ((), ())),)


def test_the_caption_counts_results_and_findings():
    assert RaceTable(ORDERS, ROWS, CONTROLS).caption == (
        "3 of 6 results are right. The interpreter reports a race in 1 of 3 kernels, in every "
        "order. Without the mistakes, 2 of 2 results are right, and nothing is reported."
    )


def test_a_control_that_is_reported_is_not_hidden():
    reported = RaceRow("sum", "", (True, False), (("race",), ()))
    caption = RaceTable(ORDERS, ROWS, [reported]).caption
    assert caption.endswith("1 of 2 results are right, and 1 run is reported.")
    assert "Without" not in RaceTable(ORDERS, ROWS).caption


def test_the_text_has_a_line_for_each_kernel():
    lines = repr(RaceTable(ORDERS, ROWS)).splitlines()
    assert lines[0].split() == ["forwards", "backwards", "found"]
    assert lines[1].split("  ")[0] == "sum"
    assert "right     ✗ wrong    a race, in every order" in lines[1]
    assert lines[2].endswith("a race, in 1 order")
    assert lines[3].endswith("nothing")


def test_wrong_results_are_marked_with_more_than_a_colour():
    html = RaceTable(ORDERS, ROWS)._repr_html_()
    assert html.count("✗ wrong</td>") == html.count('class="mg-is-wrong"') == 3
    assert html.count("<tr>") == 1 + len(ROWS)


def test_names_are_escaped():
    table = RaceTable(("<i>",), [RaceRow("<b>", "<script>", (True,), (("race",),))])
    html = table._repr_html_().partition("</style>")[2]
    assert not any(name in html for name in ("<b>", "<script>", "<i>"))

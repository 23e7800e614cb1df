"""A report as text and as a folded card."""

from microgpt.diagnostics import Finding, Report


def test_the_card_is_folded_and_escaped():
    bad = Finding("name", "problem", "/here/<b>&/microgpt.py is there", "`rm` it")
    card = Report("one <problem>", (bad,))._repr_html_()
    assert card.startswith("<details open")
    assert "/here/&lt;b&gt;&amp;/microgpt.py" in card
    assert "one &lt;problem&gt;" in card
    assert "rm</code> it" in card
    assert "<b>&" not in card
    assert "problem · <b>name" in card  # a word beside the sign and the colour
    fine = Report("fine", (Finding("Python", "ok", "3.12"),))._repr_html_()
    assert fine.startswith("<details style")
    assert "var(--jp-ui-font-color1, inherit)" in fine
    line = Report("Ready: `a` < b", (bad,), brief=True)
    assert repr(line) == "Ready: `a` < b"
    assert "details" not in line._repr_html_()
    assert "a</code> &lt; b" in line._repr_html_()


def test_only_a_problem_unfolds_the_card():
    for state, is_open in (("ok", False), ("note", False), ("problem", True)):
        report = Report("a", (Finding("<i>", state, "b <i>", "do `<i>`"),))
        card = report._repr_html_()
        assert card.startswith("<details open") is is_open
        assert "<i>" not in card
        assert card.count("&lt;i&gt;") == 3
        assert bool(report.problems) is is_open

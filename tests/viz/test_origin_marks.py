"""The marks for where a generated text comes from, and widths of texts."""

from microgpt.viz.drawing import Circle, Line
from microgpt.viz.origin_marks import MARKS, draw_origin, origin_legend, origin_mark


def test_each_label_of_a_memorization_check_has_a_mark_that_is_read_out():
    import microgpt as mg

    corpus = mg.load_corpus("names-mini")
    check = corpus.memorization_check()
    assert {check(text) for text in (*corpus.documents[:200], "xqzj")} == set(MARKS)
    for label, (mark, _) in MARKS.items():
        html = origin_mark(label)
        assert f">{mark}</i>" in html
        assert f'role="img" aria-label="{label}"' in html


def test_without_a_label_there_is_neither_mark_nor_legend():
    assert origin_mark("") == ""
    assert draw_origin(0, 0, "") == []
    assert origin_legend(["", ""]) == ""
    assert origin_legend([""], "sampled") == '<div class="mg-origins">sampled</div>'


def test_the_legend_explains_all_marks_once_and_is_not_read_out_twice():
    legend = origin_legend(["", "new", "new"], "names")
    for label, (mark, _) in MARKS.items():
        assert legend.count(f"</i> {label} <") == 1
        assert legend.count(mark) == 1
    assert "aria-label" not in legend
    assert legend.startswith('<div class="mg-origins"><span>names</span>')


def test_drawn_marks_differ_by_what_is_filled():
    def fills(label):
        return [type(shape) for shape in draw_origin(10, 10, label) if shape.fill == "ink2"]

    assert fills("new") == []
    assert fills("trained on") == [Circle]
    assert fills("in the list, not trained on") == [Line]
    half = draw_origin(10, 10, "in the list, not trained on")[1]
    assert all(x <= 10 for x, _ in half.points)  # the left half
    assert {y > 10 for _, y in half.points} == {True, False}

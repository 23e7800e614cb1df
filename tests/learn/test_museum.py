"""The museum of backward passes: its table is what the passes give, and its caption follows."""

import pytest

import microgpt as mg
from microgpt import Value, learn
from microgpt.learn.museum import GRAPHS, MEANINGS, PASSES, run_pass
from microgpt.viz.museum_table import MuseumTable

GRAPH_NAMES = ("tree", "a·a", "b + b", "diamond", "c·a + c", "c + c·a")
EXPECTED = {
    "right": ((36, 24), (6,), (4,), (25, 19), (15, 6), (15, 6)),
    "overwrite": ((36, 24), (3,), (1,), (1, 1), (6, 4), (6, 4)),
    "depth first": ((36, 24), (6,), (4,), (21, 16), (9, 2), (15, 6)),
    "breadth first": ((36, 24), (6,), (4,), (25, 19), (15, 6), (9, 2)),
    "recursion": ((36, 24), (6,), (6,), (29, 22), (21, 10), (18, 8)),
}


def test_each_pass_fails_where_it_is_known_to():
    rows = learn.museum("01").rows
    assert rows == {
        name: dict(zip(GRAPH_NAMES, cells, strict=True)) for name, cells in EXPECTED.items()
    }


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_right_pass_is_the_librarys(graph):
    _, function, numbers = GRAPHS[graph]
    leaves = [Value(number) for number in numbers]
    last = function(*leaves)
    grads = run_pass("right", last)
    last.backward()
    assert [grads[leaf] for leaf in leaves] == [leaf.grad for leaf in leaves]
    assert grads[last] == 1.0


# A graph of the museum -> the same as the stethoscope takes it.
TYPED = {
    "tree": "(a*b)**2",
    "a·a": "a*a",
    "b + b": "b = a+a; b+b",
    "diamond": "c = a+b; d = a*b; (c+d) + c*d",
    "c·a + c": "c = a*b; c*a + c",
    "c + c·a": "c = a*b; c + c*a",
}


@pytest.mark.parametrize("name", PASSES)
@pytest.mark.parametrize("graph", GRAPHS)
def test_the_stethoscope_shows_the_same_numbers(graph, name):
    _, _, numbers = GRAPHS[graph]
    view = mg.widgets.Stethoscope(
        TYPED[graph], toggles=True, **dict(zip("ab", numbers, strict=False))
    )
    view.forget_toggle.value = name == "overwrite"
    view.order_select.value = "right" if name == "overwrite" else name
    replay = view.state.view
    shown = tuple(replay.final_grads[leaf] for leaf in replay.leaves)
    assert shown == learn.museum("01").rows[name][graph]


def test_no_pass_changes_the_graph():
    a = Value(2.0)
    last = (a + a) * a
    for name in PASSES:
        run_pass(name, last)
    assert a.grad == 0.0
    assert last.grad == 0.0


def test_wrong_cells_are_marked_in_words():
    table = learn.museum("01")
    html = table._repr_html_().partition("</style>")[2]
    assert html.count('✗<span class="mg-word"> wrong</span>') == 12
    assert repr(table).count("✗ wrong") == 12
    assert table.is_wrong("breadth first", "c + c·a")
    assert not table.is_wrong("breadth first", "diamond")
    assert table.catches("tree") == ()
    assert table.caption in html.partition("<details>")[2]  # the answer, after a guess
    assert table.caption not in repr(table)
    for name in ("overwrite", "depth first"):
        assert MEANINGS[name] in html
        assert f"{name}: {MEANINGS[name]}" in repr(table)
    assert set(MEANINGS) == set(PASSES)
    assert "9, 2 ✗ wrong" in repr(table).splitlines()[4]


def test_the_caption_says_what_the_diamond_misses():
    caption = learn.museum("01").caption
    assert "The tree catches none of the four wrong passes." in caption
    assert "The diamond catches three of the four." in caption
    assert "It misses breadth first, which only c + c·a catches." in caption
    assert "Together, c·a + c and c + c·a catch all four." in caption


def test_the_caption_follows_from_the_gradients():
    wrong = {"tree": (1.0,), "x + x": (1.0,)}
    rows = {"right": {"tree": (1.0,), "x + x": (2.0,)}, "half": wrong, "again": wrong}
    table = MuseumTable(rows, {"tree": ("x",), "x + x": ("x = 1",)})
    assert "The tree catches none of the two wrong passes." in table.caption
    assert "Together, x + x catches all two." in table.caption
    never = MuseumTable({"right": {"loop": (1.0,)}, "b": {"loop": (1.0,)}}, {"loop": ("x",)})
    assert "Together" not in never.caption


def test_names_are_escaped():
    table = MuseumTable({"<b>": {"<i>": (1.0,)}, "x": {"<i>": (2.0,)}}, {"<i>": ("<u>",)})
    html = table._repr_html_().partition("</style>")[2]
    assert "<i>" not in html
    assert "<u>" not in html
    assert "&lt;i&gt;" in html


def test_another_id_is_refused():
    with pytest.raises(mg.SettingError, match="01', '14"):
        learn.museum("02")

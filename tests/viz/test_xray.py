"""The X-ray as it is drawn: written sums are the drawn cells, and clashes are named."""

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from helpers.shapes import SHAPES

from microgpt.viz.drawing import Line, Rect, Text
from microgpt.viz.xray import Broadcast, Product, draw_xray, render_xray, xray_table
from microgpt.viz.xray.broadcast_scene import broadcast_scene
from microgpt.viz.xray.legend import legend_entries
from microgpt.viz.xray.numbers import format_element, format_index, sum_of_products, sum_of_terms
from microgpt.viz.xray.product_scene import product_scene
from microgpt.viz.xray.sentences import (
    broadcast_caption,
    broadcast_sentence,
    product_sentence,
    trap_sentence,
)
from microgpt.viz.xray.shape_clash import clash_sentence, first_clash, fitting_shape


def product_of(sizes=(2, 3, 4), is_backward=False, grid="y", index=(0, 2), decimals=False, seed=0):
    rng = np.random.default_rng([seed, *sizes])
    B, I, O = sizes  # noqa: E741
    x, w, dy = (
        rng.integers(-9, 10, shape) / 10 if decimals else rng.integers(-3, 4, shape)
        for shape in ((B, I), (I, O), (B, O))
    )
    return Product(x, w, x @ w, dy, dy @ w.T, x.T @ dy, is_backward, grid, index)


def opening(**changes):
    x = np.array([[1, 2, 0], [0, 1, 3]])
    w = np.array([[1, 0, 2, 1], [0, 1, 1, 0], [2, 1, 0, 1]])
    dy = np.array([[1, 0, 0, 1], [0, 2, 0, 0]])
    product = Product(x, w, x @ w, dy, dy @ w.T, x.T @ dy, False, "y", (0, 2))
    return replace(product, **changes)


def sum_to(numbers, shape):
    axes = numbers.ndim - len(shape)
    total = numbers.sum(tuple(range(axes)))
    return total.sum(tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def broadcast_of(a_shape, b_shape, sign="+", is_backward=False, grid="y", index=None):
    rng = np.random.default_rng(3)
    a, b = (rng.integers(-3, 4, shape) * 1.0 for shape in (a_shape, b_shape))
    a, b = np.asarray(a), np.asarray(b)
    if first_clash(a_shape, b_shape) is not None:
        return Broadcast(a, b, *[None] * 4, sign, is_backward, grid, index or ())
    y = np.asarray(a + b if sign == "+" else a - b)
    dy = np.asarray(rng.integers(-3, 4, y.shape) * 1.0)
    da, db = (np.asarray(sum_to(dy, shape)) for shape in (a_shape, b_shape))
    db = db if sign == "+" else -db
    index = (0,) * {"y": y, "da": da, "db": db}[grid].ndim if index is None else index
    return Broadcast(a, b, y, dy, da, db, sign, is_backward, grid, index)


def value_of(text):
    """What a written sum adds up to."""
    assert re.fullmatch(r"[\d.+−·() ]+", text), text
    return eval(text.replace("−", "-").replace("·", "*"))


def lit_texts(scene):
    """The texts of the cells that light up with the chosen one, top line first."""
    by_corner = {cell.box[:2]: cell.texts for cell in scene.cells}
    return [by_corner[lit.box[:2]][0] for lit in scene.chosen.target.lit]


# -- numbers ------------------------------------------------------------------------------------


def test_numbers_indices_and_sums_are_written_without_doubt():
    assert [format_element(x) for x in (4.0, -3, 0.5, -0.37, -0.0, 0.1 + 0.2)] == [
        "4", "−3", "0.5", "−0.37", "0", "0.3",
    ]  # fmt: skip
    assert (format_index((0, 2)), format_index((1,)), format_index(())) == ("[0, 2]", "[1]", "")
    assert sum_of_products([(-1, 2), (2, -3)]) == "−1·2 + 2·(−3)"
    assert sum_of_products([(-1, -2)]) == "−1·(−2)"
    assert sum_of_terms([3, -1, 2]) == "3 + (−1) + 2"
    assert sum_of_terms([-1, -1]) == "−1 + (−1)"
    assert sum_of_terms([1] * 8).count("1") == 8
    assert sum_of_terms([1, 2, 3, 4, 5, 6, 7, 8, 9]) == "1 + 2 + 3 + 4 + … + 9"


# -- product ------------------------------------------------------------------------------------


def test_the_sentences_of_the_opening():
    assert render_xray(opening()).caption == (
        "y[0, 2] = row 0 of x times column 2 of w = 1·2 + 2·1 + 0·0 = 4."
    )
    assert product_sentence(opening(), "dx", (0, 2)) == (
        "dx[0, 2] = row 0 of dy times row 2 of w = 1·2 + 0·1 + 0·0 + 1·1 = 3: "
        "x[0, 2] fed all 4 outputs of its row."
    )
    assert product_sentence(opening(), "dw", (2, 1)) == (
        "dw[2, 1] = column 2 of x times column 1 of dy = 0·0 + 3·2 = 6: "
        "w[2, 1] was used in each of the 2 rows."
    )


def test_what_lights_with_a_cell_is_what_it_is_made_of():
    assert lit_texts(product_scene(opening())) == ["1", "2", "0", "2", "1", "0"]
    dx = product_scene(opening(is_backward=True, grid="dx", index=(0, 2)))
    assert lit_texts(dx) == ["1", "0", "0", "1", "2", "1", "0", "1"]
    dw = product_scene(opening(is_backward=True, grid="dw", index=(2, 1)))
    assert lit_texts(dw) == ["0", "3", "0", "2"]
    marks = [
        [mark.text for mark in scene.chosen.target.marks]
        for scene in (product_scene(opening()), dx, dw)
    ]
    assert marks == [["0 ▸", "2 ▾"], ["0 ▸", "2 ▸"], ["2 ▾", "1 ▾"]]


@pytest.mark.slow
def test_a_thousand_written_sums_are_the_drawn_cells():
    rng = np.random.default_rng(0)
    for seed in range(1000):
        B, I, O = (int(rng.integers(1, top + 1)) for top in (4, 5, 5))  # noqa: E741
        grid = ("y", "dx", "dw")[seed % 3]
        shape = {"y": (B, O), "dx": (B, I), "dw": (I, O)}[grid]
        index = tuple(int(rng.integers(size)) for size in shape)
        product = product_of((B, I, O), grid != "y", grid, index, decimals=seed % 2 == 0, seed=seed)
        chosen = product_scene(product).chosen
        name, written, total = chosen.target.formula.split(" = ")
        assert name == f"{grid}[{index[0]}, {index[1]}]"
        assert format_element(value_of(written)) == total == chosen.texts[-1]
        assert f" = {written} = {total}" in chosen.target.sentence
        assert written.count("·") == {"y": I, "dx": O, "dw": B}[grid]


def test_x_stands_left_of_y_and_w_above_it():
    scene = product_scene(opening())
    boxes = [cell.box for cell in scene.cells]
    x, w, y = boxes[:6], boxes[6:18], boxes[18:]
    assert [box.y for box in x[::3]] == [box.y for box in y[::4]]
    assert [box.x for box in w[:4]] == [box.x for box in y[:4]]
    assert max(box.right for box in x) < min(box.x for box in y)
    assert max(box.bottom for box in w) < min(box.y for box in y)
    assert {(box.width, box.height) for box in boxes} == {(52, 34)}


@pytest.mark.parametrize("data", [
    opening(), opening(is_backward=True, grid="dw", index=(1, 1)),
    broadcast_of((4, 3), (3,)), broadcast_of((2, 3), (), is_backward=True, grid="db"),
])  # fmt: skip
def test_every_cell_that_can_be_chosen_has_the_keyboard_and_a_sentence(data):
    html = render_xray(data).html
    names = ("y",) if not data.is_backward else ("dx", "dw")
    if isinstance(data, Broadcast):
        names = ("da", "db") if data.is_backward else ("y",)
    targets = sum(getattr(data, name).size for name in names)
    assert html.count('tabindex="0" role="img" aria-label="') == targets
    sentences = re.findall(r'aria-label="([^"]*)"', html)
    assert len(set(sentences)) == targets
    assert html.count("mg-chosen") == 1
    rendered = render_xray(data)
    chosen = re.search(r'mg-chosen"[^>]*aria-label="([^"]*)"', html).group(1)
    assert rendered.caption.endswith(chosen)


def test_numbers_stand_above_their_slopes_backward():
    cells = product_scene(opening(is_backward=True, grid="dx")).cells
    assert [cell.texts for cell in cells[:6]] == [
        ("1", "2"), ("2", "0"), ("0", "3"), ("0", "0"), ("1", "2"), ("3", "2"),
    ]  # fmt: skip
    assert {cell.role for cell in cells if len(cell.texts) == 1} == {"grad"}


# -- broadcast ----------------------------------------------------------------------------------


def test_the_sentences_of_a_bias():
    forward = broadcast_of((4, 3), (3,), index=(2, 1))
    assert broadcast_caption(forward) == (
        "(4, 3) + (3,) gives (4, 3): y[2, 1] = a[2, 1] + b[1] = "
        f"{written(forward.a[2, 1])} + {bracketed(forward.b[1])} = {written(forward.y[2, 1])}; "
        "b[1] is copied into 4 rows."
    )
    backward = broadcast_of((4, 3), (3,), is_backward=True, grid="db", index=(1,))
    sentence = broadcast_caption(backward)
    start = "(4, 3) + (3,): b[1] was copied into 4 rows, so its gradient is the sum of 4: "
    assert sentence.startswith(start)
    terms, total = sentence.removeprefix(start).rstrip(".").split(" = ")
    assert value_of(terms) == backward.db[1] == value_of(total)
    assert broadcast_sentence(backward, "da", (2, 1)) == (
        f"a[2, 1] was used once, so its gradient is dy[2, 1] = {written(backward.da[2, 1])}."
    )
    assert "slope" not in broadcast_caption(forward)  # the prediction is about it


def written(number):
    return format_element(number)


def bracketed(number):
    return f"({written(number)})" if number < 0 else written(number)


def test_copies_are_counted_in_rows_columns_or_cells():
    for shapes, name, text in [
        (((4, 3), (3,)), "b", "4 rows"),
        (((2, 3), (2, 1)), "b", "3 columns"),
        (((2, 3), ()), "b", "6 cells"),
        (((2, 3, 4), (3, 1)), "b", "8 cells"),
        (((3,), ()), "b", "3 cells"),
    ]:
        data = broadcast_of(*shapes, is_backward=True, grid=f"d{name}")
        index = (0,) * getattr(data, name).ndim
        assert f"was copied into {text}, so" in broadcast_sentence(data, f"d{name}", index)


def test_subtracting_sends_minus_the_sum():
    data = broadcast_of((4, 3), (3,), "−", is_backward=True, grid="db", index=(1,))
    sentence = broadcast_sentence(data, "db", (1,))
    assert "so its gradient is minus the sum of 4: −(" in sentence
    terms, total = sentence.split(": ")[1].rstrip(".").split(" = ")
    assert value_of(terms) == value_of(total) == -data.dy[:, 1].sum()


def test_clashes_are_numpys_and_the_first_axis_from_the_right_is_named():
    for a, b in itertools.product(SHAPES, SHAPES):
        axis = first_clash(a, b)
        try:
            np.broadcast_shapes(a, b)
        except ValueError:
            assert a[-1 - axis] != b[-1 - axis]
            if axis:
                np.broadcast_shapes(a[-axis:], b[-axis:])  # nothing clashes further right
            longer = a if len(a) >= len(b) else b
            np.broadcast_shapes(longer, fitting_shape(a, b))
            assert len(fitting_shape(a, b)) <= 3
        else:
            assert axis is None


@pytest.mark.parametrize(
    ("a", "b", "sentence"),
    [
        ((4, 3), (4,), "(4, 3) and (4,) clash at the last axis: 3 against 4. (4, 1) would fit."),
        ((4, 3), (4, 2), "(4, 3) and (4, 2) clash at the last axis: 3 against 2. "
                         "(4, 1) would fit."),
        ((2, 3), (4, 3), "(2, 3) and (4, 3) clash at the second axis from the right: 2 against 4. "
                         "(1, 3) would fit."),
        ((2,), (3,), "(2,) and (3,) clash at the last axis: 2 against 3. (1,) would fit."),
        ((2, 1, 1), (3, 1, 1), "(2, 1, 1) and (3, 1, 1) clash at the third axis from the right: "
                               "2 against 3. (1, 1, 1) would fit."),
    ],
)  # fmt: skip
def test_a_clash_is_named_with_a_shape_that_fits(a, b, sentence):
    assert clash_sentence(a, b) == sentence
    rendered = render_xray(broadcast_of(a, b))
    assert rendered.caption == sentence
    assert "mg-target" not in rendered.html
    stages = rendered.html.count("mg-arrays")
    assert rendered.html.count("mg-cell mg-clash") == 2 * stages


def test_the_trap_is_named_exactly_where_the_result_is_larger_than_both():
    for a, b in itertools.product(SHAPES, SHAPES):
        if first_clash(a, b) is not None:
            continue
        size = int(np.prod(np.broadcast_shapes(a, b)))
        larger = size > max(int(np.prod(a)), int(np.prod(b)))
        y = np.zeros(a) - np.zeros(b)
        data = Broadcast(np.zeros(a), np.zeros(b), y, *[None] * 3, "−", False, "y", ())
        assert ("Is that what you want?" in trap_sentence(data)) == larger
        assert (trap_sentence(data) == "") == (not larger)


def test_the_trap_counts_what_was_made():
    data = broadcast_of((4, 1), (4,), "−")
    trap = "(4, 1) − (4,) gives (4, 4): 16 differences, not 4. Is that what you want?"
    assert trap_sentence(data) == trap
    assert broadcast_caption(data).startswith(f"{trap} y[0, 0] = a[0, 0] − b[0] = ")
    assert trap_sentence(broadcast_of((2, 1), (3,))) == (
        "(2, 1) + (3,) gives (2, 3): 6 sums from 2 and 3 numbers. Is that what you want?"
    )


def test_copies_are_hatched_and_carry_the_number_that_was_copied():
    data = broadcast_of((4, 3), (3,))
    copies = [cell for cell in broadcast_scene(data, 2).cells if cell.role == "copy"]
    assert [cell.texts[0] for cell in copies] == [written(number) for number in data.b] * 3
    data = broadcast_of((4, 1), (4, 3))
    copies = [cell for cell in broadcast_scene(data, 2).cells if cell.role == "copy"]
    assert [cell.texts[0] for cell in copies] == [written(a) for a in data.a[:, 0] for _ in "12"]
    backward = broadcast_of((4, 3), (3,), is_backward=True, grid="db", index=(1,))
    cells = broadcast_scene(backward, 2).cells
    assert {cell.texts for cell in cells if cell.role == "copy"} == {("",)}
    assert "mg-hatched" in render_xray(broadcast_of((4, 3), (3,))).html
    assert "mg-hatched" not in render_xray(broadcast_of((4, 3), (4, 3))).html


@pytest.mark.parametrize("shapes", [((4, 3), (3,)), ((2, 3, 4), (3, 1)), ((), (2,))])
def test_arrows_point_to_the_result_forward_and_back_to_the_source_backward(shapes):
    for is_backward, grid in ((False, "y"), (True, "da"), (True, "db")):
        data = broadcast_of(*shapes, is_backward=is_backward, grid=grid)
        chosen = broadcast_scene(data, 1).chosen
        arrows = chosen.target.arrows
        num_terms = 2 if grid == "y" else len(data.copies(grid[1:], data.index))
        assert len(arrows) == num_terms
        assert len({arrow[-1] for arrow in arrows}) == 1
        x, y = arrows[0][-1]
        assert y == chosen.box.bottom
        assert x == (chosen.box.right if is_backward else chosen.box.x)
        assert (arrows[0][0][0] > x) == is_backward


@pytest.mark.slow
def test_the_slope_of_each_cell_is_the_sum_over_its_copies():
    for a, b in itertools.product(SHAPES, SHAPES):
        if first_clash(a, b) is None:
            data = broadcast_of(a, b, is_backward=True, grid="db")
            for name, grads in (("a", data.da), ("b", data.db)):
                origins, dy = data.origins[name], data.dy
                sums = np.zeros(grads.shape)
                for cell, origin in origins.items():
                    sums[origin] += dy[cell]
                np.testing.assert_array_equal(sums, grads)


# -- page and still picture ---------------------------------------------------------------------


@pytest.mark.parametrize("data", [
    opening(), opening(is_backward=True, grid="dx"), broadcast_of((4, 3), (3,)),
    broadcast_of((4, 4, 4), (4, 1), is_backward=True, grid="db"), broadcast_of((4, 3), (4,)),
    broadcast_of((), ()), product_of((4, 5, 5), True, "dw", (4, 4), decimals=True),
])  # fmt: skip
def test_the_still_shows_the_chosen_cell_and_nothing_outside(data):
    drawing = draw_xray(data)
    scene = product_scene(data) if isinstance(data, Product) else broadcast_scene(data, 2)
    assert scene.width <= 680
    if scene.chosen:
        assert scene.chosen.target.formula in drawing.texts()
        assert sum(isinstance(one, Rect) and one.stroke_width == 3 for one in drawing.shapes) == 1
    for shape in drawing.shapes:
        points = shape.points if isinstance(shape, Line) else ((shape.x, shape.y),)
        for x, y in points:
            assert 0 <= x <= drawing.width
            assert 0 <= y <= drawing.height
    for cell in scene.cells:
        assert set(cell.texts) <= set(drawing.texts())
    for _, text in legend_entries(data):
        shown = [one for one in drawing.shapes if isinstance(one, Text) and one.text == text]
        assert len(shown) == 1
        assert shown[0].y > max(cell.box.bottom for cell in scene.cells) + 60
        assert text in render_xray(data).html
    assert drawing.png().startswith(b"\x89PNG")


def test_the_table_has_the_arrays_and_backward_their_slopes():
    forward, backward = (xray_table(opening(is_backward=one, grid="dx")) for one in (False, True))
    assert "[[1, 2, 4, 1], [6, 4, 1, 3]]" in forward
    assert ">dw<" not in forward
    assert "[[1, 0, 0, 1], [2, 2, 0, 2], [0, 6, 0, 0]]" in backward
    clash = xray_table(broadcast_of((4, 3), (4,), is_backward=True))
    assert re.findall(r"<td class=\"mg-text\">(\w+)</td>", clash) == ["a", "b"]

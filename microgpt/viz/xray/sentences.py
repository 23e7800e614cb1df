"""The sentences of the X-ray: what a cell is made of, and what was copied."""

import numpy as np

from microgpt.plain_text import join_and
from microgpt.viz.xray.arrays import Broadcast, Index, Product
from microgpt.viz.xray.numbers import (
    MAX_TERMS,
    format_element,
    format_index,
    sum_of_products,
    sum_of_terms,
)
from microgpt.viz.xray.shape_clash import clash_sentence, is_larger_than_both

RESULTS = {"+": "sums", "−": "differences"}


def product_question(product: Product) -> str:
    """Return the title line."""
    if product.is_backward:
        return "Which cells did each number feed?"
    return "Which row meets which column?"


def broadcast_question(data: Broadcast) -> str:
    """Return the title line."""
    if not data.fits:
        return "Which axis clashes?"
    return "What do the copies send back?" if data.is_backward else "Which cell is copied where?"


def product_formula(product: Product, grid: str, index: Index) -> str:
    """Return a cell as the sum it is: "1·2 + 2·1 + 0·0 = 4"."""
    total = {"y": product.y, "dx": product.dx, "dw": product.dw}[grid][index]
    return f"{sum_of_products(product.factors(grid, index))} = {format_element(total)}"


def product_sentence(product: Product, grid: str, index: Index) -> str:
    """Return which row meets which column in a cell, written out."""
    i, j = index
    formula = product_formula(product, grid, index)
    rows, outputs = product.y.shape
    if grid == "y":
        return f"y[{i}, {j}] = row {i} of x times column {j} of w = {formula}."
    if grid == "dx":
        fed = f"all {outputs} outputs" if outputs > 1 else "the one output"
        return (
            f"dx[{i}, {j}] = row {i} of dy times row {j} of w = {formula}: "
            f"x[{i}, {j}] fed {fed} of its row."
        )
    used = f"in each of the {rows} rows" if rows > 1 else "in one row"
    return (
        f"dw[{i}, {j}] = column {i} of x times column {j} of dy = {formula}: "
        f"w[{i}, {j}] was used {used}."
    )


def broadcast_formula(data: Broadcast, grid: str, index: Index) -> str:
    """Return a cell of y as a sum or difference, one of da or db as the sum over its copies."""
    if grid == "y":
        assert data.y is not None
        left, right = (
            format_element(source[data.origins[name][index]])
            for name, source in (("a", data.a), ("b", data.b))
        )
        right = f"({right})" if right.startswith("−") else right
        return f"{left} {data.sign} {right} = {format_element(data.y[index])}"
    assert data.dy is not None
    total = {"da": data.da, "db": data.db}[grid]
    assert total is not None
    cells, is_negative = data.copies(grid[1:], index), grid == "db" and data.sign == "−"
    text = sum_of_terms([float(data.dy[cell]) for cell in cells])
    if len(cells) == 1:
        text = f"−dy{format_index(cells[0])}" if is_negative else f"dy{format_index(cells[0])}"
    elif is_negative:
        text = f"−({text})"
    return f"{text} = {format_element(total[index])}"


def broadcast_sentence(data: Broadcast, grid: str, index: Index) -> str:
    """Return what a cell is made of, and what was copied."""
    formula = broadcast_formula(data, grid, index)
    if grid == "y":
        names = [f"{name}{format_index(data.origins[name][index])}" for name in "ab"]
        copied = [
            f"{cell} is copied into {_copies_text(data, name, data.origins[name][index])}"
            for name, cell in zip("ab", names, strict=True)
            if len(data.copies(name, data.origins[name][index])) > 1
        ]
        tail = f"; {join_and(copied)}" if copied else ""
        return f"y{format_index(index)} = {f' {data.sign} '.join(names)} = {formula}{tail}."
    name = grid[1:]
    cell, count = f"{name}{format_index(index)}", len(data.copies(name, index))
    minus = "minus " if grid == "db" and data.sign == "−" else ""
    if count == 1:
        return f"{cell} was used once, so its gradient is {formula}."
    terms = f" ({count} terms)" if count > MAX_TERMS else ""
    return (
        f"{cell} was copied into {_copies_text(data, name, index)}, so its gradient is {minus}the "
        f"sum of {count}: {formula}{terms}."
    )


def _copies_text(data: Broadcast, name: str, index: Index) -> str:
    """Return how many rows, columns or cells a cell was copied into."""
    cells = np.array(data.copies(name, index))
    varying = [axis for axis in range(cells.shape[1]) if len(set(cells[:, axis])) > 1]
    if cells.shape[1] == 2 and len(varying) == 1:
        return f"{len(cells)} {'rows' if varying == [0] else 'columns'}"
    return f"{len(cells)} cells"


def trap_sentence(data: Broadcast) -> str:
    """Return the warning that the result is larger than both operands, "" if it is not."""
    a, b = data.a.shape, data.b.shape
    if data.y is None or not is_larger_than_both(a, b, data.y.shape):
        return ""
    sizes = (
        f", not {data.a.size}"
        if data.a.size == data.b.size
        else f" from {data.a.size} and {data.b.size} numbers"
    )
    count = f"{data.y.size} {RESULTS[data.sign]}{sizes}"
    return f"{a} {data.sign} {b} gives {data.y.shape}: {count}. Is that what you want?"


def broadcast_caption(data: Broadcast) -> str:
    """Return the shapes, the warning if it is due, and the sentence on the chosen cell.

    Of shapes that clash, return where they do.
    """
    a, b = data.a.shape, data.b.shape
    if data.y is None:
        return clash_sentence(a, b)
    sentence = broadcast_sentence(data, data.grid, data.index)
    if trap := trap_sentence(data):
        return f"{trap} {sentence}"
    gives = "" if data.is_backward else f" gives {data.y.shape}"
    return f"{a} {data.sign} {b}{gives}: {sentence}"

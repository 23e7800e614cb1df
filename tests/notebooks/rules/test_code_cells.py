"""Rules for code cells."""

import pytest
from course.rules import code_cells
from notebook_pages import MASKED, PICTURE, STUB, TEXT, check_rule, code, md, page, predict

# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    code_cells.code_is_short: (
        page(code("x\n" * 15, {"output_type": "stream", "text": "y\n" * 25})),
        (page(code("x\n" * 16, TEXT)), "16 lines of code"),
        (page(code("x", {"output_type": "stream", "text": "y\n" * 26})), "26 lines of output"),
    ),
    code_cells.every_cell_shows_something: (
        page(code("1", TEXT), STUB),
        (page(code("x = 1")), "shows nothing"),
    ),
    code_cells.stubs_show_nothing: (
        page(STUB, code("mine", TEXT), code("def f(x):\n    x", tags=["exercise:00.second"])),
        (page(code("mine = todo()\nmine", tags=["exercise:00.first"])), "with the assignment"),
    ),
    code_cells.no_cell_complains: (
        page(code("1", TEXT)),
        (page(code("1", {**TEXT, "name": "stderr"})), "stderr"),
        (page(code("1", {"output_type": "error", "ename": "E"})), "error"),
    ),
    code_cells.views_are_introduced: (
        page(md("Look at the dots."), predict("00.a"), code("mg.viz.plot(x)", PICTURE)),
        (page(md("## Look there"), code("mg.viz.plot(x)", PICTURE)), "what to look at"),
        (
            page(md("Look."), code("1", TEXT), code("mg.widgets.TrainingMonitor(x)", PICTURE)),
            "say before",
        ),
        (page(code("mg.widgets.TrainingMonitor(x)", PICTURE)), "say before"),
    ),
    code_cells.views_have_captions: (
        page(
            code(
                "mg.widgets.TrainingMonitor(x)",
                {"data": PICTURE["data"] | {"text/plain": "So it fell."}},
            ),
            code("mg.widgets.TrainingMonitor(x)", MASKED, tags=["shows:00.a"]),
        ),
        (page(code("mg.viz.plot(x)", MASKED)), "without a picture"),
        (page(code("mg.viz.plot(x)", TEXT)), "without a picture"),
        (page(code("mg.viz.plot(x)", PICTURE)), "without a sentence"),
    ),
}


def test_every_rule_is_tested():
    assert set(CASES) == set(code_cells.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])

"""The notebooks as people meet them: opened, run from top to bottom, saved, opened again."""

import shutil
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect

from browser.looking import boxes_that_meet, faults

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
LOST = "model not found"


def code_cells(path):
    """The indices of a notebook's code cells."""
    cells = nbformat.read(path, as_version=4).cells
    return [index for index, cell in enumerate(cells) if cell.cell_type == "code"]


def seen(notebook, path):
    """What is seen of every code cell's outputs, scrolled to one by one."""
    return [notebook.show(index).inner_text() for index in code_cells(path)]


@each
def test_opened_but_not_run_it_shows_pictures_and_sentences(lab, path):
    with lab.open(path) as notebook:
        notebook.page.wait_for_selector(".jp-OutputArea-output img")
        texts = seen(notebook, path)
        assert not any(LOST in text or "Error" in text for text in texts)
        assert any("Run this cell to use it." in text for text in texts)
        notebook.cell(0).evaluate("element => element.scrollIntoView()")
        notebook.screenshot(f"{path.stem}-not-run")


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def run(lab, request):
    """A notebook that has run from top to bottom without a hand on it."""
    with lab.open(request.param) as notebook:
        notebook.command("application:toggle-left-area")
        notebook.run_all(seconds=120)
        yield notebook, request.param


def test_run_all_gives_no_error_and_every_view_is_alive(run):
    notebook, path = run
    for number, index in enumerate(code_cells(path)):
        outputs = notebook.show(index)
        assert LOST not in outputs.inner_text()
        notebook.screenshot(f"{path.stem}-{number:02}", outputs)
        for panel in outputs.locator(".mg-panel").all():
            expect(panel.locator("svg")).to_have_count(1)
            assert faults(panel) == []
            assert boxes_that_meet(panel) == []
    assert notebook.cell_errors() == []


def test_axe_finds_no_serious_violation(run):
    notebook, path = run
    for index in code_cells(path):
        outputs = notebook.show(index)
        if outputs.locator(".jp-OutputArea-output").count():
            found = notebook.axe(outputs)
            assert [one for one in found if one.impact in ("serious", "critical")] == [], index


def test_saved_and_opened_again_it_shows_the_pictures(lab, run):
    notebook, path = run
    notebook.save()
    # A copy is trusted as well: what is signed is the content. The same file would share a page.
    copy = notebook.path.with_name(f"again-{notebook.path.name}")
    shutil.copy(notebook.path, copy)
    with lab.open(copy.name) as again:
        again.page.wait_for_selector(".jp-OutputArea-output img")
        texts = seen(again, path)
        for index, text in zip(code_cells(path), texts, strict=True):
            assert LOST not in text, index
        assert any("Run this cell to use it." in text for text in texts)


MONITOR = """
import microgpt as mg
names = mg.load_corpus("names-mini")
model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
monitor = mg.widgets.TrainingMonitor(model, names, steps=1_000_000, eval_documents=100)
monitor
"""


def test_stop_during_training(lab, kernel):
    cells = [
        MONITOR,
        "print(len(monitor.trainer.history), monitor.state.status, mg.widgets.errors())",
    ]
    with lab.open(cells, kernel=kernel) as notebook:
        notebook.run_cell(0)
        panel = notebook.panel(".mg-panel", 0)
        expect(panel.locator("text.mg-loss")).to_have_count(3, timeout=60_000)  # past its pages
        expect(panel.locator("svg")).to_contain_text("training:")
        stop = panel.get_by_role("button", name="Stop")
        stop.click()
        expect(panel.locator("svg")).to_contain_text("stopped:", timeout=500)
        expect(stop).to_be_disabled()
        expect(panel.get_by_role("button", name="Go on")).to_be_enabled()
        notebook.run_cell(1)
        expect(notebook.outputs(1)).to_contain_text("stopped []")
        panel.get_by_role("button", name="Go on").click()
        expect(panel.locator("svg")).to_contain_text("training:")
        notebook.interrupt()  # nothing runs in the foreground: training goes on
        expect(panel.locator("svg")).to_contain_text("training:")
        stop.click()
        expect(panel.locator("svg")).to_contain_text("stopped:")


def test_a_prediction_and_its_answer(lab):
    cells = [
        "import microgpt as mg\nmg.learn.predict('00.x', 'How many?', (1, 3))",
        "mg.learn.reveal('00.x', 3, 'Three.')",
    ]
    with lab.open(cells) as notebook:
        notebook.run_cell(0)
        panel = notebook.panel(".mg-panel", 0)
        assert "3." not in panel.inner_text()
        panel.get_by_label("1", exact=True).check()
        expect(panel).to_contain_text("You say 1.")
        notebook.run_cell(1)
        expect(notebook.outputs(1)).to_contain_text("You said 1; it is 3. Three.")
        expect(panel).to_contain_text("You said 1; it is 3. Three.")
        assert notebook.axe(panel) == []


def test_nothing_was_asked_of_the_network(lab):
    assert lab.outside == []

"""The training view: states that a finished run does not show, and a run in a real JupyterLab."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

import microgpt as mg
from browser.fake_hosts import host_page, widget_html
from browser.layout_checks import inner_scrollbars, overlapping_controls, text_violations
from browser.views import trained_monitor
from microgpt.viz.training import Snapshot
from microgpt.widgets.training_monitor import TrainingMonitor, choose_snapshot_steps

WIDTHS = (400, 480, 560, 640, 720, 1200)
NAMES = ("maximilianaaa", "mmmmmmmmmmmmmmmm", "", "jvspnevgzpntyork", "o")
LABELS = ("new", "trained on", "", "in the list, not trained on", "new")


def _with_snapshots(losses, **fields):
    """A view whose snapshots have these losses and names of all lengths."""
    view = TrainingMonitor(mg.GPT(backend="numpy"), mg.load_corpus("names-mini"), steps=2)
    steps = choose_snapshot_steps(1000)
    samples = tuple(zip(NAMES, LABELS, strict=True))
    snapshots = tuple(
        Snapshot(step, loss, 0.01, samples) for step, loss in zip(steps, losses, strict=False)
    )
    history = trained_monitor().state.losses
    state = {"snapshot_steps": steps, "snapshots": snapshots, "steps": 1000, "losses": history}
    view.update(replace, **(state | {"steps_done": len(history), "seconds": 0.4} | fields))
    return view


STATES = {
    "nothing yet": lambda: _with_snapshots((), status="training", steps_done=0),
    "running": lambda: _with_snapshots((3.36, 3.1, 2.7), status="training"),
    "stopped": lambda: _with_snapshots((3.36, 3.1), status="stopped"),
    "diverged": lambda: _with_snapshots((3.36, 6554.0, 4764.0, 36.7), steps_done=1000),
    "failed": lambda: _with_snapshots((3.36,), status="failed", error="the loss became nan"),
    "nothing held out": lambda: _with_snapshots([float("nan")] * 4, steps_done=1000),
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_cut_off_or_in_the_way(browser, state, theme):
    html, violations = widget_html(STATES[state]().box), []
    page = browser.new_page(color_scheme=theme)
    page.set_content(host_page("jupyterlab", theme, [[html]]))
    for width in WIDTHS:
        page.set_viewport_size({"width": width + 32, "height": 900})
        part = page.locator(".mg-host")
        found = text_violations(part) + overlapping_controls(part) + inner_scrollbars(part)
        violations += [f"{width} px: {text}" for text in found]
    page.close()
    assert violations == []


def test_no_held_out_label_stands_on_a_dashed_line(browser):
    page = browser.new_page()
    page.set_content(host_page("jupyterlab", "light", [[widget_html(STATES["running"]().box)]]))
    for width in WIDTHS:
        page.set_viewport_size({"width": width + 32, "height": 900})
        labels = [label.bounding_box() for label in page.locator(".mg-value").all()]
        lines = [line.bounding_box()["y"] for line in page.locator(".mg-ref").all()]
        assert len(labels) == 3
        assert lines
        for label in labels:
            top, bottom = label["y"] + 1, label["y"] + label["height"] - 1
            assert not any(top < line < bottom for line in lines), width
    page.close()


def test_the_names_of_all_columns_stand_in_rows_in_one_size(browser):
    page = browser.new_page()
    page.set_content(host_page("jupyterlab", "light", [[widget_html(STATES["running"]().box)]]))
    for width in (560, 720, 1200):
        page.set_viewport_size({"width": width + 32, "height": 900})
        lists = page.locator(".mg-col:not(.mg-waiting) ul")
        places = lists.evaluate_all(
            "all => all.map(e => [Math.round(e.getBoundingClientRect().y),"
            " getComputedStyle(e).fontSize, getComputedStyle(e).marginLeft])"
        )
        assert len(places) == 3
        assert len({tuple(place) for place in places}) == 1, places
    page.close()


def test_columns_stand_under_their_own_ticks(browser):
    page = browser.new_page()
    page.set_content(host_page("jupyterlab", "light", [[widget_html(STATES["running"]().box)]]))
    for width in (560, 720, 1200):
        page.set_viewport_size({"width": width + 32, "height": 900})
        columns = [column.bounding_box() for column in page.locator(".mg-col").all()]
        middles = [box["x"] + box["width"] / 2 for box in columns]
        dots = [dot.bounding_box() for dot in page.locator(".mg-dot").all()]
        for dot, middle in zip(dots, middles, strict=False):
            assert dot["x"] + dot["width"] / 2 == pytest.approx(middle, abs=1)
    page.close()


CELLS = [
    "import microgpt as mg\ncorpus = mg.load_corpus('names-mini')",
    "model = mg.GPT(mg.GPTConfig.microgpt(), backend='numpy')\n"
    "monitor = mg.widgets.TrainingMonitor(model, corpus, steps=300)\nmonitor",
    "print(len(monitor.wait().trainer.history), float(abs(model.wte.weight.numpy()).sum()))",
    "mg.widgets.TrainingMonitor(mg.GPT(backend='numpy'), corpus, steps=1_000_000)",
    "mg.widgets.errors()",
]
TRAINING, STATE, LONG, ERRORS = range(1, 5)


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        notebook.run_all()
        yield notebook


def caption(panel):
    return panel.locator(".mg-caption")


def test_a_finished_training_survives_shift_enter(notebook):
    panel = notebook.panel(TRAINING)
    expect(panel).to_contain_text("finished: 300 steps")
    expect(caption(panel)).to_contain_text("perplexity of")
    said, state = caption(panel).inner_text(), notebook.outputs(STATE).inner_text()
    notebook.screenshot("training-finished", panel)
    for _ in range(2):
        panel.locator(".mg-q").click()
        notebook.page.keyboard.press("Shift+Enter")
        notebook.wait_idle()
        panel = notebook.panel(TRAINING)
        expect(caption(panel)).to_have_text(said)
        notebook.run_cell(STATE)
        assert notebook.outputs(STATE).inner_text() == state
    assert notebook.axe_violations(panel) == []


def test_stop_and_go_on_change_places(notebook):
    panel = notebook.panel(LONG)
    primary = panel.locator("button.mg-primary")
    expect(primary).to_have_text("Stop")
    expect(panel.locator(".mg-status")).to_have_text(
        re.compile(r"training: [\d,]+ of 1,000,000 steps in")
    )
    notebook.screenshot("training-running", panel)
    primary.press("Enter")
    expect(primary).to_have_text("Go on")
    expect(panel).to_contain_text("stopped:")
    expect(caption(panel)).to_contain_text("Stopped after")
    primary.press("Enter")
    expect(primary).to_have_text("Stop")
    primary.press("Enter")
    expect(panel).to_contain_text("stopped:")
    notebook.run_cell(ERRORS)
    expect(notebook.outputs(ERRORS)).to_contain_text("[]")

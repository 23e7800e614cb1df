"""What depends on the kernel: the order of messages and callbacks, threads, interrupts, restarts.

Each test runs on the installed ipykernel and on an older one, which runs its threads otherwise.
"""

import re

import pytest
from playwright.sync_api import expect

from browser.install import OLD_KERNEL
from browser.server import KERNELS

IMPORT = "import ipykernel\nimport microgpt as mg\nprint(ipykernel.__version__)"
EXPLORER = "mg.widgets.SamplingExplorer('names')"
TALL_OUTPUT = "from IPython.display import HTML\nHTML('<div style=\"height: 2000px\">tall</div>')"
BUSY = "import time\nfor _ in range(6): time.sleep(0.1)"
ERRORS = "mg.widgets.errors()"

TAIL = "mg.widgets.SamplingExplorer('long tail (made-up numbers)', top_k=50)"
MONITOR = """
corpus = mg.load_corpus("names-mini")
model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
monitor = mg.widgets.TrainingMonitor(model, corpus, steps=1_000_000, eval_documents=100)
monitor
"""
STATUS = "print(monitor.state.status, mg.widgets.errors())"


@pytest.fixture(scope="module", params=list(KERNELS))
def kernel(request):
    """The name of each kernel."""
    return request.param


@pytest.fixture(scope="module")
def explorer(lab, kernel):
    """A notebook that has run, with the explorer of names."""
    with lab.open([IMPORT, EXPLORER, BUSY, ERRORS], kernel) as notebook:
        notebook.run_all()
        yield notebook


def temperature(panel):
    return panel.get_by_role("slider", name="Temperature slider")


def picture(panel):
    return panel.locator(".mg-picture .widget-html-content")


def caption(panel):
    return panel.locator(".mg-caption")


def temperatures(captions):
    """The temperature of each caption."""
    return [float(re.search(r"T = (\d\.\d\d)", text)[1]) for text in captions]


def is_subsequence(items, of):
    """Whether the items come in the order in which they come in `of`, some left out."""
    remaining = iter(of)
    return all(item in remaining for item in items)


def set_temperature(panel, text):
    """Type a temperature into its box."""
    box = panel.get_by_label(re.compile("^Temperature")).first
    box.fill(text)
    box.press("Enter")


def check_keys(notebook, index, errors_index):
    """Temperature keys on the explorer at `index`, from T = 1: one by one, then forty at once."""
    panel = notebook.panel(index)
    handle = temperature(panel)
    handle.evaluate("element => element.scrollIntoView({block: 'center'})")
    scroll_top = notebook.scroll_top()

    expected = [1.0, 0.95, 0.9, 0.85, 0.9, 0.95, 1.0]
    with notebook.logging_keys(handle, picture(panel)) as logs:
        notebook.press_one_by_one(["ArrowLeft"] * 3 + ["ArrowRight"] * 3)
    assert list(logs[0].positions) == expected
    assert temperatures(logs[0].captions) == expected  # each key is drawn

    steps = [-1] * 10 + [1] * 30  # to an end that was not passed before
    expected = [round(1 + 0.05 * sum(steps[:count]), 2) for count in range(41)]
    with notebook.logging_keys(handle, picture(panel)) as logs:
        notebook.press_at_once(["ArrowLeft" if step < 0 else "ArrowRight" for step in steps])
        expect(caption(panel)).to_contain_text("At T = 2.00")
        assert notebook.scroll_top() == scroll_top
        notebook.run_cell(errors_index)  # whatever the kernel had to send before has come
    assert list(logs[0].positions) == expected  # the kernel moves no slider over the next key
    drawn = temperatures(logs[0].captions)
    assert is_subsequence(drawn, of=expected)  # each key is drawn, or superseded by a later one
    assert drawn[-1] == expected[-1]

    expect(panel.locator("svg")).to_have_count(1)
    expect(notebook.outputs(errors_index)).to_contain_text("[]")
    set_temperature(panel, "1")
    expect(caption(panel)).to_contain_text("At T = 1.00")


def test_each_kernel_is_the_one_it_is_called(explorer):
    is_old = explorer.outputs(0).inner_text().strip() == OLD_KERNEL
    assert is_old == (explorer.kernel == f"ipykernel-{OLD_KERNEL.removesuffix('.0')}")


def test_keys_are_drawn_in_order_to_the_last(explorer):
    check_keys(explorer, 1, errors_index=3)


def test_dragging_while_a_cell_runs_ends_with_the_last_value(explorer):
    notebook = explorer
    panel = notebook.panel(1)
    handle = temperature(panel)
    notebook.run_cell(2, wait=False)
    notebook.drag(handle, distance=40)
    notebook.wait_idle()
    value = float(handle.get_attribute("aria-valuetext"))
    assert value > 1.05
    expect(caption(panel)).to_contain_text(f"At T = {value:.2f}")


def test_run_all_while_dragging(explorer):
    notebook = explorer

    def texts(panel):
        return picture(panel).text_content()  # without what moved

    notebook.run_all()
    panel = notebook.panel(1)
    set_temperature(panel, "1")  # what was set before the cell ran again is still set
    panel.get_by_role("button", name="Start over").click()
    # Before the button's answer, a caption begins so, too, and goes on with how the pick changed.
    expect(caption(panel)).to_have_text(re.compile("At T = 1.00, .* The dart at 0.672 lands"))
    first, first_caption = texts(panel), caption(panel).inner_text()
    for _ in range(5):
        notebook.run_all(wait=False)
        notebook.drag(temperature(notebook.panel(1)), distance=-40, moves=8)
        notebook.wait_idle()
        panel = notebook.panel(1)
        set_temperature(panel, "1")
        panel.get_by_role("button", name="Start over").click()
        expect(caption(panel)).to_have_text(first_caption)
        assert texts(panel) == first
    expect(notebook.outputs(3)).to_contain_text("[]")


def test_after_a_restart_a_view_asks_to_be_run_and_running_revives_it(explorer):
    notebook = explorer
    overlay = "element => getComputedStyle(element, '::after').content"
    panel = notebook.panel(1)
    assert "run this cell" not in panel.evaluate(overlay)
    notebook.restart()
    temperature(panel).press("ArrowLeft")
    assert "run this cell to use it" in panel.evaluate(overlay)
    notebook.screenshot(f"restarted-{notebook.kernel}", panel)
    notebook.run_all()
    panel = notebook.panel(1)
    assert "run this cell" not in panel.evaluate(overlay)
    temperature(panel).press("ArrowLeft")
    expect(caption(panel)).to_contain_text("T = 0.95")


@pytest.fixture(scope="module")
def tail(lab, explorer, kernel):
    """A notebook with 50,257 words and a monitor, once the explorer of names is closed."""
    explorer.close()
    with lab.open([IMPORT, TALL_OUTPUT, TAIL, MONITOR, STATUS, ERRORS], kernel) as notebook:
        for index in (0, 1, 2):
            notebook.run_cell(index)
        yield notebook


def test_keys_on_50257_words_are_drawn_in_order_to_the_last(tail):
    tail.panel(2)
    assert tail.scroll_top() > 0  # so it could move
    check_keys(tail, 2, errors_index=5)


def test_stop_during_training(tail):
    notebook = tail
    notebook.run_cell(3)
    panel = notebook.panel(3)
    expect(panel.locator(".mg-dot")).to_have_count(1)  # the held-out loss at step 0
    expect(panel.locator(".mg-head")).to_have_count(1)  # and training goes on from there
    progress = panel.locator(".mg-status")
    expect(progress).to_contain_text("training:")
    stop = panel.get_by_role("button", name="Stop")
    stop.click()
    expect(progress).to_contain_text("stopped:")
    expect(stop).to_be_disabled()
    expect(panel.get_by_role("button", name="Go on")).to_be_enabled()
    notebook.run_cell(4)
    expect(notebook.outputs(4)).to_contain_text("stopped []")
    panel.get_by_role("button", name="Go on").click()
    expect(progress).to_contain_text("training:")
    notebook.interrupt()  # nothing runs in the foreground: training goes on
    expect(progress).to_contain_text("training:")
    stop.click()
    expect(progress).to_contain_text("stopped:")

"""The browser, the server, both kernels and the helpers, with a small panel made in a notebook."""

from importlib import metadata
from statistics import quantiles

import nbformat
import pytest
from playwright.sync_api import expect

from browser.install import OLD_KERNEL
from browser.server import KERNELS

PANEL = '''
import ipywidgets as widgets

NAME = (
    "const panel = this.closest('.small-panel');"
    "panel.querySelectorAll('[role=slider]').forEach(handle => handle.setAttribute('aria-label',"
    " handle.closest('.widget-slider').querySelector('.widget-label').textContent))"
)
STYLE = """
.small-panel .gone {display: none}
.small-panel.jupyter-widgets-disconnected .gone {display: block}
"""
picture = widgets.HTML()
slider = widgets.FloatSlider(description="Heat", value=1.0, max=2.0, step=0.05, readout=False)
box = widgets.FloatText(description="Heat in numbers", value=1.0, step=0.05)
button = widgets.Button(description="Start over")
widgets.link((slider, "value"), (box, "value"))

def draw(change=None):
    picture.value = (
        f"<svg width='200' height='20' role='img' aria-label='heat {slider.value:.2f}'>"
        f"<rect width='{100 * slider.value}' height='20' fill='currentColor'/></svg>"
        f"<p>heat {slider.value:.2f}</p>"
    )

def start_over(button):
    slider.value = 1.0

slider.observe(draw, "value")
button.on_click(start_over)
draw()
names = widgets.HTML()
sentence = widgets.HTML(f"<style>{STYLE}</style><p class='gone'>run this cell to use it</p>")
panel = widgets.VBox([sentence, slider, box, button, picture, names])
panel.add_class("small-panel")
display(panel)
names.value = f'<style onload="{NAME}"></style>'
'''
VERSION = "import ipykernel\nprint(ipykernel.__version__)"
TALL = "from IPython.display import HTML\nHTML('<div style=\"height: 2000px\">tall</div>')"


@pytest.fixture(scope="module", params=list(KERNELS))
def small(lab, request):
    """A notebook that has run: the kernel's version, the panel, and a tall output below."""
    with lab.open([VERSION, PANEL, TALL], kernel=request.param) as notebook:
        notebook.run_all()
        notebook.show(1)
        yield notebook


def test_each_kernel_is_the_one_it_says(small):
    notebook = small
    expected = OLD_KERNEL if notebook.kernel == "ipykernel-7.3" else metadata.version("ipykernel")
    assert notebook.outputs(0).inner_text().strip() == expected
    assert notebook.cell_errors() == []


def test_forty_keyboard_steps(small):
    notebook = small
    panel = notebook.panel(".small-panel")
    picture = panel.locator(".widget-html-content", has=notebook.page.locator("svg"))
    before = notebook.scroll_top()
    keys = ["ArrowRight"] * 10 + ["ArrowLeft"] * 20 + ["ArrowRight"] * 10
    times = notebook.steps(notebook.slider("Heat", panel), keys, picture)
    assert len(times) == 40
    assert min(times) > 0
    assert quantiles(times, n=20)[-1] < 100, times
    assert panel.locator("svg").count() == 1
    assert panel.locator("p:visible").inner_text() == "heat 1.00"
    assert notebook.scroll_top() == before > 0


def test_dragging_while_cells_run_ends_with_the_last_value(small):
    notebook = small
    panel = notebook.panel(".small-panel")
    handle = notebook.slider("Heat", panel)
    notebook.run_cell(0, wait=False)
    notebook.drag(handle, distance=40)
    notebook.wait_idle()
    value = float(handle.get_attribute("aria-valuetext"))
    assert value > 1.05
    expect(panel.locator("p:visible")).to_have_text(f"heat {value:.2f}")
    panel.get_by_role("button", name="Start over").click()
    expect(panel.locator("p:visible")).to_have_text("heat 1.00")


def test_tab_reaches_everything_in_reading_order_by_name(small):
    notebook = small
    assert notebook.tab_through(notebook.panel(".small-panel")) == [
        ("slider", "Heat"), ("number", "Heat in numbers"), ("submit", "Start over"),
    ]  # fmt: skip


def test_axe_finds_nothing_and_finds_what_is_wrong(small):
    notebook = small
    panel = notebook.panel(".small-panel")
    assert notebook.axe(panel) == []
    notebook.slider("Heat", panel).evaluate("handle => handle.removeAttribute('aria-label')")
    (violation,) = notebook.axe(panel)
    assert (violation.rule, violation.impact) == ("aria-input-field-name", "serious")
    assert "noUi-handle" in violation.elements[0]


def test_theme_zoom_and_picture(small, tmp_path, monkeypatch):
    notebook = small
    monkeypatch.setenv("MICROGPT_SCREENSHOTS", str(tmp_path))
    panel = notebook.panel(".small-panel")
    colour = "element => getComputedStyle(element).color"
    light = panel.locator("p:visible").evaluate(colour)
    notebook.theme(dark=True)
    assert panel.locator("p:visible").evaluate(colour) != light
    notebook.theme(dark=False)
    notebook.view(1024, 768, zoom=1.5)
    assert notebook.page.evaluate("[innerWidth, devicePixelRatio]") == [683, 1.5]
    path = notebook.screenshot(f"small-panel-{notebook.kernel}", panel)
    assert path.parent == tmp_path
    assert path.read_bytes().startswith(b"\x89PNG")
    notebook.view(1366, 768)


def test_after_a_restart_the_panel_says_so_and_running_revives_it(lab, kernel):
    with lab.open([PANEL], kernel=kernel) as notebook:
        notebook.run_all()
        panel = notebook.panel(".small-panel")
        sentence = panel.get_by_text("run this cell to use it")
        expect(sentence).to_be_hidden()
        notebook.restart()
        expect(sentence).to_be_visible()
        notebook.slider("Heat", panel).press("ArrowRight")
        expect(panel.locator("p:visible").last).to_have_text("heat 1.00")
        notebook.run_cell(0)
        expect(sentence).to_be_hidden()
        notebook.slider("Heat", panel).press("ArrowRight")
        expect(panel.locator("p:visible")).to_have_text("heat 1.05")


def test_opened_and_not_run(lab):
    cell = nbformat.v4.new_code_cell("panel")
    view = {"model_id": "0" * 32, "version_major": 2, "version_minor": 0}
    bundle = {"application/vnd.jupyter.widget-view+json": view, "text/plain": "Run this cell."}
    cell.outputs = [nbformat.v4.new_output("display_data", data=bundle)]
    with lab.open(nbformat.v4.new_notebook(cells=[cell])) as notebook:
        expect(notebook.outputs(0)).to_have_text("Run this cell.")
        assert "model not found" not in notebook.page.inner_text("body")


def test_a_saved_notebook_is_trusted_when_it_is_opened_again(lab):
    widget = "import ipywidgets\nipywidgets.HTML('live')"
    with lab.open([widget], kernel="ipykernel-7.3") as notebook:
        notebook.run_all()
        expect(notebook.outputs(0)).to_contain_text("live")
        notebook.save()
    with lab.open(notebook.path.name) as again:
        assert again.kernel == "ipykernel-7.3"
        expect(again.outputs(0)).to_contain_text("model not found")
        again.run_all()
        expect(again.outputs(0)).to_contain_text("live")


def test_nothing_outside_the_server_is_asked_for(lab):
    with lab.open(["'a page with JupyterLab, its fonts and its mathematics: $x^2$'"]) as notebook:
        notebook.run_all()
        assert lab.outside == []
        assert notebook.errors == []

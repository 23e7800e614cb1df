"""The checks find what is wrong and the helpers do what they are called, on outputs made for it."""

import pytest
from playwright.sync_api import expect

from browser.layout_checks import inner_scrollbars, overlapping_controls, text_violations

SOUND = """
<p>black on white</p><button>one</button>
<svg width="300" height="60"><text x="5" y="20">one</text><text x="5" y="50">two</text></svg>
<div class="mg-scroll" style="height: 30px; overflow-y: hidden"><p>1</p><p>2</p><p>3</p></div>
"""
BROKEN = """
<p style="font-size: 12px">small</p>
<p style="color: #999; background: #fff">faint</p>
<button style="position: relative; left: 20px">one</button><button>two</button>
<div style="position: relative; height: 60px; width: 300px; overflow: hidden">
<span style="position: absolute; left: 5px; top: 5px">upper</span>
<span style="position: absolute; left: 10px; top: 10px">lower</span>
<span style="position: absolute; left: 280px; top: 40px">clipped</span>
</div>
<div style="height: 30px; overflow-y: scroll"><p style="height: 200px">long</p></div>
<input type="range">
"""
CELLS = [
    "from IPython.display import HTML\nimport ipywidgets",
    f"HTML('''{SOUND}''')",
    f"HTML('''{BROKEN}''')",
    "HTML('<div style=\"height: 3000px\">tall</div>')",
    "HTML('<p style=\"color: #999; background: #fff\">out of sight</p>')",
    "ipywidgets.HTML('live')",
]
SOUND_CELL, BROKEN_CELL, HIDDEN_CELL, WIDGET_CELL = 1, 2, 4, 5


@pytest.fixture(scope="module")
def notebook(lab):
    with lab.open(CELLS) as notebook:
        notebook.run_all()
        yield notebook


def test_layout_checks(notebook):
    sound, broken = notebook.outputs(SOUND_CELL), notebook.scroll_to(BROKEN_CELL)
    assert text_violations(sound) == overlapping_controls(sound) == inner_scrollbars(sound) == []
    assert text_violations(broken) == [
        "'small' is 12 px",
        "'faint' has contrast 2.8",
        "'clipped' is clipped",
        "'one' overlaps 'two'",
        "'upper' overlaps 'lower'",
    ]
    assert overlapping_controls(broken) == ["one overlaps two"]
    assert len(inner_scrollbars(broken)) == 1


def test_axe_finds_violations_wherever_they_are(notebook):
    notebook.scroll_to(SOUND_CELL)
    assert notebook.axe_violations(notebook.outputs(SOUND_CELL)) == []
    outputs = notebook.page.locator(".jp-OutputArea-output")
    violations = {one.rule: one for one in notebook.axe_violations(outputs)}
    assert violations["label"].impact == "critical"
    assert "range" in violations["label"].elements[0]
    assert len(violations["color-contrast"].elements) == 2
    assert "out of sight" in violations["color-contrast"].elements[1]


def test_theme_zoom_and_screenshots(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGPT_SCREENSHOTS", str(tmp_path))
    text = notebook.scroll_to(SOUND_CELL).locator("p").first
    colour = "element => getComputedStyle(element).color"
    light = text.evaluate(colour)
    with notebook.on_a_projector(dark=True):
        assert text.evaluate(colour) != light
        assert notebook.page.evaluate("[innerWidth, devicePixelRatio]") == [683, 1.5]
        path = notebook.screenshot("sound", text)
        assert path.parent == tmp_path
        assert path.read_bytes().startswith(b"\x89PNG")
    assert text.evaluate(colour) == light
    assert notebook.page.evaluate("[innerWidth, devicePixelRatio]") == [1366, 1]


def test_a_saved_notebook_is_trusted_when_it_is_opened_again(lab, notebook):
    expect(notebook.scroll_to(WIDGET_CELL)).to_contain_text("live")
    notebook.save()
    notebook.close()
    with lab.open(notebook.path.name) as again:
        expect(again.scroll_to(WIDGET_CELL)).to_contain_text("model not found")

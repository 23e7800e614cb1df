"""The style sheet: its files are complete, and each keeps to its own view and to the tokens."""

import re
from importlib import resources

import pytest

from microgpt.viz.looks import COLOURS, style_sheet

FILES = sorted(
    file.name.removesuffix(".css")
    for file in resources.files("microgpt.viz.looks").iterdir()
    if file.name.endswith(".css")
)
VIEWS = [name for name in FILES if name not in ("base", "controls")]


def rules(name):
    """The file of one view without comments."""
    text = (resources.files("microgpt.viz.looks") / f"{name}.css").read_text("utf-8")
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def selectors(name):
    """Every selector of a file, those inside @container and @media included, not keyframes'."""
    text = re.sub(r"@keyframes[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", rules(name))
    text = re.sub(r"@(?:container|media|supports)[^{]*\{", "", text)
    for found in re.findall(r"([^{}]+)\{", text):
        depth, selector = 0, ""
        for char in found:
            depth += (char == "(") - (char == ")")
            if char == "," and depth == 0:
                yield selector.strip()
                selector = ""
            else:
                selector += char
        if selector.strip():
            yield selector.strip()


def test_the_sheet_holds_every_file_once_and_the_theme_first():
    sheet = style_sheet()
    for role, (light, dark) in COLOURS.items():
        assert sheet.count(f"--mg-{role}:light-dark({light},{dark})") == 1
    assert sheet.index("color-scheme") < sheet.index(".mg-card")
    for name in FILES:
        text = (resources.files("microgpt.viz.looks") / f"{name}.css").read_text("utf-8")
        assert sheet.count(text) == 1, name


def test_a_part_of_the_sheet_has_the_colours_too():
    sheet = style_sheet("base")
    assert "--mg-ink:" in sheet
    assert ".mg-say" in sheet
    assert ".noUi-handle" not in sheet


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_keeps_to_itself(name):
    for selector in selectors(name):
        assert selector.startswith(f".mg-{name}"), selector


@pytest.mark.parametrize("name", FILES)
def test_no_rule_depends_on_a_front_end(name):
    assert not re.search(r"\.jp-|vscode-(?!editor)|\.colab|\.cell\b|\.output", rules(name))


@pytest.mark.parametrize("name", FILES)
def test_colours_come_from_their_roles(name):
    text = re.sub(r"#0000\b|#000\b|#0002\b", "", rules(name))  # transparent, masks, shadows
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsl", text)
    for role in re.findall(r"var\(--mg-([a-z0-9-]+)", text):
        own = rf"--mg-{role}:"
        assert role in COLOURS or own in text or own in rules("base"), role


@pytest.mark.parametrize("name", FILES)
def test_no_letter_is_smaller_than_thirteen_pixels(name):
    sizes = re.findall(r"font(?:-size)?:[^;}]*?(\d+(?:\.\d+)?)px", rules(name))
    assert all(float(size) >= 13 or float(size) == 0 for size in sizes), sizes


@pytest.mark.parametrize("name", FILES)
def test_braces_match(name):
    text = rules(name)
    assert text.count("{") == text.count("}")

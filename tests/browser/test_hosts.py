"""Every view at every width in both themes, and views in each front end that people use.

The front ends are imitated (see fake_hosts.py), so that their rules are tried without them; that
JupyterLab really is like that is tested in the other files.
"""

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from browser import scripts
from browser.fake_hosts import HOSTS, host_page, widget_html
from browser.layout_checks import inner_scrollbars, overlapping_controls, text_violations
from browser.views import VIEWS
from microgpt.viz.looks import COLOURS

WIDTHS = (400, 560, 720, 1200)


@pytest.fixture(scope="module")
def views():
    """Name -> the view."""
    return {name: make() for name, make in VIEWS.items()}


@pytest.fixture(scope="module")
def only_page(browser):
    """The page that shows one document after the other: each new one would be a new window."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def show(browser, only_page):
    """Load cells, lists of outputs, in a page that imitates a front end, and return the page.

    It is the same page each time, unless it needs `options` of a context.
    """
    pages = []

    def show(cells, host="jupyterlab", theme="light", width=720, **options):
        page = browser.new_page(**options) if options else only_page
        if options:
            pages.append(page)
        page.goto("about:blank")
        page.mouse.move(0, 0)
        page.set_viewport_size({"width": width + 32, "height": 900})
        page.emulate_media(color_scheme=theme)
        page.set_content(host_page(host, theme, cells))
        return page

    yield show
    for page in pages:
        page.close()


def live_html(view):
    """What a view shows where scripts of ipywidgets run; a card is HTML already."""
    return widget_html(view.box) if hasattr(view, "box") else view._repr_html_()


def rgb(colour):
    return f"rgb({', '.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("host", HOSTS)
def test_a_view_follows_the_theme_of_its_front_end(show, views, host, theme):
    # The browser's preference is the other theme, unless the front end says nothing.
    names = ("light", "dark")
    page = show([[live_html(views["prediction"])]], host, names[theme])
    page.emulate_media(color_scheme=names[theme if host == "preference" else 1 - theme])
    style = (
        "element => [getComputedStyle(element).backgroundColor, getComputedStyle(element).color]"
    )
    assert page.locator(".mg-card").evaluate(style) == [
        rgb(COLOURS["card"][theme]), rgb(COLOURS["ink"][theme]),
    ]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_the_still_picture_hides_beside_its_own_view_only(show, views, host):
    view, other = views["prediction"], views["guess"]
    still, live = view.static_output()["text/html"], live_html(view)
    page = show(
        [
            [still, live],
            [other.static_output()["text/html"]],
            ["<p>printed</p>", still, "<p>more</p>", live],  # the same view once more
        ],
        host,
    )
    visible = [item.is_visible() for item in page.locator(".mg-still").all()]
    assert visible == [False, True, False]
    assert [item.is_visible() for item in page.locator(".mg-host").all()] == [True] * 2
    for text in ("printed", "more"):
        assert page.get_by_text(text, exact=True).is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_nothing_is_cut_off_faint_or_in_the_way_at_any_width(show, views, name, theme):
    violations = []
    for width in WIDTHS:
        page = show([[live_html(views[name])]], theme=theme, width=width)
        part = page.locator(".mg-host, .mg").first
        found = text_violations(part) + overlapping_controls(part) + inner_scrollbars(part)
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found += [f"the page is {overflow} px too wide"] * (overflow > 0)
        violations += [f"{width} px: {text}" for text in found]
    assert violations == []


@pytest.mark.parametrize("name", [name for name in VIEWS if name.startswith("attention")])
def test_each_button_of_the_triangle_lies_over_its_cell(show, views, name):
    boxes = "items => items.map(item => Object.values(item.getBoundingClientRect().toJSON()))"
    for width in WIDTHS:
        page = show([[live_html(views[name])]], width=width)
        buttons = page.locator(".mg-over button").evaluate_all(boxes)
        cells = page.locator(".mg-cell:not(.mg-hidden)").evaluate_all(boxes)
        assert len(buttons) == len(cells) > 0
        for button, cell in zip(buttons, cells, strict=True):
            assert button == pytest.approx(cell, abs=0.5)
        page.locator(".mg-over button").first.hover()
        page.wait_for_timeout(200)  # until the background has changed
        colour = "item => getComputedStyle(item).backgroundColor"
        assert page.locator(".mg-over button").first.evaluate(colour) == "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_table_that_goes_on_has_a_shadow_where_it_is_cut(show, views, theme):
    view = VIEWS["attention, a long text"]()
    view.numbers.toggle.value = True
    page = show([[live_html(view)]], theme=theme)
    table = page.locator(".mg-scroll").first

    def edges():
        """Pixels right of the table, at the upper and at the lower edge of what scrolls."""
        table.scroll_into_view_if_needed()
        box = table.bounding_box()
        x = box["x"] + box["width"] - 30
        return [
            page.screenshot(clip={"x": x, "y": y, "width": 2, "height": 2})
            for y in (box["y"] + 1, box["y"] + box["height"] - 3)
        ]

    plain, shadow = edges()
    assert plain != shadow
    table.evaluate("item => item.scrollTop = item.scrollHeight")
    upper, lower = edges()
    assert upper != lower
    assert lower == plain


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_changed_moves_unless_motion_is_reduced(show, motion):
    view = VIEWS["explorer"]()
    before = view.state
    view.sliders["temperature"].slider.value = 0.5
    view.picture.value = f'<div class="mg">{view.render(view.state, before).html}</div>'
    page = show([[live_html(view)]], reduced_motion=motion)
    moving = (
        "[...document.querySelectorAll('.mg *')].filter(e => "
        "getComputedStyle(e).animationName !== 'none').length"
    )
    assert (page.evaluate(moving) > 0) == (motion == "no-preference")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_axe_finds_nothing(show, views, name, theme):
    page = show([[live_html(views[name])]], theme=theme, width=720)
    page.evaluate(AXE_SCRIPT)
    page.wait_for_timeout(300)  # until what is new has faded in
    assert (
        page.locator(".mg-host, .mg").first.locator("xpath=..").evaluate_all(scripts.RUN_AXE) == []
    )

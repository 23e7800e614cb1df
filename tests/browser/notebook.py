"""One open notebook: run it, move its sliders, restart it, look at it."""

import base64
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Error, Locator, Page, expect

from browser import scripts

VIEWPORT = {"width": 1366, "height": 768}
SCREENSHOTS = Path(__file__).parent / "screenshots"
# Upper limits that end a test which hangs; none is a promise of speed.
RUN_SECONDS = 240
STEP_SECONDS = 60
expect.set_options(timeout=1000 * STEP_SECONDS)


def screenshot_path(name: str) -> Path:
    """The path of a screenshot, in the folder that MICROGPT_SCREENSHOTS names."""
    folder = Path(os.environ.get("MICROGPT_SCREENSHOTS", SCREENSHOTS))
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"


@dataclass(frozen=True)
class Violation:
    """A rule of axe-core that is broken, how badly, and the elements that break it."""

    rule: str
    impact: str
    elements: tuple[str, ...]


@dataclass(frozen=True)
class KeyLog:
    """What was seen while keys were pressed, from before the first on, without repetitions."""

    positions: tuple[float, ...]  # of the slider's handle
    captions: tuple[str, ...]  # of the picture


class Notebook:
    """A notebook in JupyterLab's current tab. `page` is Playwright's, for what has no method here.

    `errors` lists what the page's console called an error, and exceptions that nothing caught.
    """

    def __init__(self, page: Page, path: Path, kernel: str):
        self.page = page
        self.path = path
        self.kernel = kernel
        self.is_closed = False
        self.errors: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", self._on_page_error)
        page.evaluate(scripts.OPEN, path.name)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _on_page_error(self, error: Error) -> None:
        self.errors.append(str(error))

    def __enter__(self) -> "Notebook":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the kernel and close the tab, if it is open."""
        if not self.is_closed:
            self.is_closed = True
            self.page.evaluate(scripts.CLOSE)
            self.page.remove_listener("console", self._on_console)
            self.page.remove_listener("pageerror", self._on_page_error)

    # Run

    def command(self, name: str, **options: Any) -> None:
        """Run one of JupyterLab's commands and wait until it is done."""
        self.page.evaluate(scripts.COMMAND, [name, options, RUN_SECONDS])

    def run_all(self, wait: bool = True) -> None:
        """Run all cells; with `wait=False` return as soon as they are sent."""
        if wait:
            self.command("notebook:run-all-cells")
            self.wait_idle()
        else:
            self.page.evaluate(scripts.START_COMMAND, ["notebook:run-all-cells", {}])

    def run_above(self, index: int) -> None:
        """Run all cells above the one at `index`."""
        self.page.evaluate(scripts.SELECT, index)
        self.command("notebook:run-all-above")
        self.wait_idle()

    def run_cell(self, index: int, wait: bool = True) -> None:
        """Run the cell at `index`, counted from 0 over all cells."""
        self.page.evaluate(scripts.SELECT, index)
        if wait:
            self.command("notebook:run-cell")
            self.wait_idle()
        else:
            self.page.evaluate(scripts.START_COMMAND, ["notebook:run-cell", {}])

    def wait_idle(self) -> None:
        """Wait until the kernel is idle and no cell waits for it."""
        self.page.wait_for_function(scripts.IDLE, timeout=1000 * RUN_SECONDS)

    def interrupt(self) -> None:
        """Interrupt the kernel as the menu does."""
        self.command("notebook:interrupt-kernel")

    def restart(self) -> None:
        """Restart the kernel as a learner does, the dialogue included; no cell runs."""
        self.page.evaluate(scripts.EXPECT_RESTART)
        self.page.evaluate(scripts.START_COMMAND, ["notebook:restart-kernel", {}])
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.evaluate(scripts.RESTARTED, RUN_SECONDS)

    def save(self) -> None:
        """Save the notebook, outputs included."""
        self.command("docmanager:save")

    # Find

    def cell(self, index: int) -> Locator:
        """The cell at `index`, counted from 0 over all cells."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def outputs(self, index: int) -> Locator:
        """All that the cell at `index` shows."""
        return self.cell(index).locator(".jp-OutputArea").first

    def scroll_to(self, index: int) -> Locator:
        """Scroll to what the cell at `index` shows and return it; the rest is not laid out."""
        outputs = self.outputs(index)
        outputs.evaluate(scripts.SCROLL_TO)
        expect(outputs).to_be_in_viewport()
        return outputs

    def panel(self, index: int) -> Locator:
        """The one live view that the cell at `index` shows, scrolled to, once it is there."""
        self.scroll_to(index)
        panel = self.cell(index).locator(".mg-host")
        expect(panel).to_be_visible()
        return panel

    def scroll_top(self) -> float:
        """How far the notebook is scrolled, in pixels."""
        return self.page.evaluate(scripts.SCROLL_TOP)

    def cell_errors(self) -> list[str]:
        """The tracebacks and all text on stderr that the cells show."""
        selector = (
            ".jp-RenderedText[data-mime-type='application/vnd.jupyter.error'], "
            ".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']"
        )
        return self.page.locator(selector).all_inner_texts()

    # Handle

    @contextlib.contextmanager
    def logging_keys(self, handle: Locator, picture: Locator) -> Iterator[list[KeyLog]]:
        """Focus a slider's handle and log what the keys do; the log is in the list at the end."""
        handle.focus()
        elements = [handle.element_handle(), picture.element_handle()]
        self.page.evaluate(scripts.LOG_KEYS, elements)
        logs: list[KeyLog] = []
        try:
            yield logs
        finally:
            log = self.page.evaluate("window.stopKeyLog()")
            positions = tuple(float(position) for position in log["positions"])
            logs.append(KeyLog(positions, tuple(log["captions"])))

    def press_one_by_one(self, keys: list[str]) -> None:
        """Press keys, each after the picture has changed by the one before (see `logging_keys`)."""
        for count, key in enumerate(keys, start=1):
            self.page.keyboard.press(key)
            self.page.wait_for_function(scripts.ALL_DRAWN, arg=count)

    def press_at_once(self, keys: list[str]) -> None:
        """Press keys as fast as the page takes them."""
        for key in keys:
            self.page.keyboard.press(key)

    def time_key(self, key: str, picture: Locator, text: str = "") -> float:
        """The ms from a key to the change after which `picture` contains `text`, in the page."""
        self.page.evaluate(scripts.TIME_KEY, [picture.element_handle(), text])
        self.page.keyboard.press(key)
        return self.page.evaluate("window.keyTimed")

    def drag(self, handle: Locator, distance: float, moves: int = 20) -> None:
        """Drag a slider's handle by `distance` pixels to the right, in so many moves."""
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        assert box, "the handle is on the page"
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + distance, y, steps=moves)
        self.page.mouse.up()

    def tab_stops(self, panel: Locator, limit: int = 60) -> list[tuple[str, str]]:
        """Press Tab from the first control on; returns each stop's role and accessible name."""
        first = panel.locator("button, input, select, textarea, summary, [tabindex='0']")
        first.locator("visible=true").first.focus()
        stops: list[tuple[str, str]] = []
        for _ in range(limit):
            stop = panel.evaluate(scripts.FOCUSED)
            if stop is None:
                return stops
            stops.append(tuple(stop))
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not leave the panel within {limit} stops: {stops}")

    # See

    def set_theme(self, dark: bool) -> None:
        """Switch JupyterLab's theme; it stays for the notebooks opened later."""
        name = "JupyterLab Dark" if dark else "JupyterLab Light"
        self.command("apputils:change-theme", theme=name)
        body = self.page.locator("body")
        expect(body).to_have_attribute("data-jp-theme-light", str(not dark).lower())

    def set_viewport(self, width: int, height: int, zoom: float = 1.0) -> None:
        """Set the window's size in pixels of the screen, and the browser's zoom."""
        session = self.page.context.new_cdp_session(self.page)
        session.send(
            "Emulation.setDeviceMetricsOverride",
            {
                "width": round(width / zoom),
                "height": round(height / zoom),
                "deviceScaleFactor": zoom,
                "mobile": False,
            },
        )
        self.page.wait_for_function("width => innerWidth === width", arg=round(width / zoom))

    @contextlib.contextmanager
    def on_a_projector(self, dark: bool) -> Iterator[None]:
        """Show the page as on a projector: 1024 by 768 pixels, zoomed by 150 percent."""
        try:
            self.set_viewport(1024, 768, zoom=1.5)
            self.set_theme(dark)
            yield
        finally:
            self.set_theme(dark=False)
            self.set_viewport(**VIEWPORT)

    def screenshot(self, name: str, part: Locator | None = None) -> Path:
        """Save a picture of the page or of a part, and return its path."""
        if part is None:
            return self._capture(name, {})
        height = part.evaluate("element => element.getBoundingClientRect().height")
        is_tall = height > 0.8 * self.page.evaluate(
            "document.querySelector('.jp-Notebook').clientHeight"
        )
        if is_tall:
            self.set_viewport(VIEWPORT["width"], round(height) + 300)
        part.evaluate(scripts.SCROLL_TO)
        path = self._capture(name, {"clip": {**(part.bounding_box() or {}), "scale": 1}})
        if is_tall:
            self.set_viewport(**VIEWPORT)
        return path

    def _capture(self, name: str, options: dict[str, Any]) -> Path:
        """Not Playwright's own screenshot: it would set the window's size and the zoom back."""
        path = screenshot_path(name)
        session = self.page.context.new_cdp_session(self.page)
        content = session.send("Page.captureScreenshot", {"format": "png", **options})["data"]
        path.write_bytes(base64.b64decode(content))
        return path

    def axe_violations(self, parts: Locator) -> list[Violation]:
        """What axe-core finds wrong with the elements of a locator, in one go."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        violations = parts.evaluate_all(scripts.RUN_AXE)
        return [Violation(rule, impact, tuple(html)) for rule, impact, html in violations]

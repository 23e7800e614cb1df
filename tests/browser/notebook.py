"""One open notebook: run it, move its sliders, restart it, look at it."""

import base64
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Locator, Page, expect

from browser import scripts

SCREENSHOTS = Path(__file__).parent / "screenshots"
SECONDS = 60  # for cells
STEP_SECONDS = 20  # for one thing in the page


@dataclass(frozen=True)
class Violation:
    """A rule of axe-core that is broken, how badly, and the elements that break it."""

    rule: str
    impact: str
    elements: tuple[str, ...]


class Notebook:
    """A notebook in a page of its own. `page` is Playwright's, for all that has no method here.

    `errors` lists what the page's console called an error, and exceptions that nothing caught.
    """

    def __init__(self, page: Page, path: Path, kernel: str):
        self.page = page
        self.path = path
        self.kernel = kernel
        self.errors: list[str] = []
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.set_default_timeout(1000 * STEP_SECONDS)
        self.page.evaluate(scripts.READY)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def __enter__(self) -> "Notebook":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the kernel and closes the page."""
        self.page.evaluate(
            "window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown()"
        )
        self.page.close()

    # Run

    def command(self, name: str, seconds: float = SECONDS, **options: Any) -> None:
        """Runs one of JupyterLab's commands and waits until it is done."""
        self.page.evaluate(scripts.COMMAND, [name, options, seconds])

    def run_all(self, seconds: float = SECONDS, wait: bool = True) -> None:
        """Runs all cells; with `wait=False` returns as soon as they are sent."""
        if wait:
            self.command("notebook:run-all-cells", seconds)
            self.wait_idle(seconds)
        else:
            self.page.evaluate(scripts.START_COMMAND, ["notebook:run-all-cells", {}])

    def run_cell(self, index: int, seconds: float = SECONDS, wait: bool = True) -> None:
        """Runs the cell at `index`, counted from 0 and over all kinds of cells."""
        self.page.evaluate(scripts.SELECT, index)
        if wait:
            self.command("notebook:run-cell", seconds)
            self.wait_idle(seconds)
        else:
            self.page.evaluate(scripts.START_COMMAND, ["notebook:run-cell", {}])

    def wait_idle(self, seconds: float = SECONDS) -> None:
        """Waits until the kernel and all cells rest."""
        self.page.wait_for_function(scripts.IDLE, timeout=1000 * seconds)

    def interrupt(self) -> None:
        """Interrupts the kernel as the menu does."""
        self.command("notebook:interrupt-kernel")

    def restart(self, seconds: float = SECONDS) -> None:
        """Restarts the kernel as a learner does, its dialogue included; no cell runs."""
        self.page.evaluate(scripts.EXPECT_RESTART)
        self.page.evaluate(scripts.START_COMMAND, ["notebook:restart-kernel", {}])
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.page.evaluate(scripts.RESTARTED, seconds)

    def save(self) -> None:
        """Saves the notebook, outputs included."""
        self.command("docmanager:save")

    # Find

    def cell(self, index: int) -> Locator:
        """The cell at `index`, counted from 0 and over all kinds of cells."""
        return self.page.locator(".jp-Notebook .jp-Cell").nth(index)

    def outputs(self, index: int) -> Locator:
        """All that the cell at `index` shows."""
        return self.cell(index).locator(".jp-OutputArea").first

    def show(self, index: int) -> Locator:
        """Scrolls to what the cell at `index` shows and returns it; the rest is not laid out."""
        outputs = self.outputs(index)
        outputs.evaluate(scripts.SHOW)
        expect(outputs).to_be_in_viewport()
        return outputs

    def panel(self, selector: str, index: int | None = None) -> Locator:
        """The one visible element with this selector (in the cell at `index`), once it is there."""
        within = self.page.locator(".jp-Notebook") if index is None else self.cell(index)
        panel = within.locator(selector)
        expect(panel).to_be_visible()
        return panel

    def slider(self, label: str, panel: Locator) -> Locator:
        """The handle of the slider whose description is `label`."""
        text = re.compile(rf"^\s*{re.escape(label)}\s*$")
        labelled = self.page.locator(".widget-label", has_text=text)
        return panel.locator(".widget-slider").filter(has=labelled).locator(".noUi-handle")

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

    def steps(self, handle: Locator, keys: list[str], picture: Locator) -> list[float]:
        """Presses the keys one by one; returns for each the ms until `picture` changed.

        The times are taken in the page and include the way to the kernel and back. A key that
        changes nothing in `picture` fails after ten seconds.
        """
        handle.focus()
        picture.evaluate(scripts.WATCH)
        for count, key in enumerate(keys, start=1):
            self.page.keyboard.press(key)
            self.page.wait_for_function(scripts.DRAWN, arg=count, timeout=10_000)
        return self.page.evaluate("window.stopWatching()")

    def drag(self, handle: Locator, distance: float, moves: int = 20) -> None:
        """Drags a slider's handle by `distance` pixels to the right, in so many moves."""
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        assert box, "the handle is on the page"
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + distance, y, steps=moves)
        self.page.mouse.up()

    def tab_through(self, panel: Locator, limit: int = 60) -> list[tuple[str, str]]:
        """Presses Tab from the first control on; returns each stop's role and spoken name."""
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

    def theme(self, dark: bool) -> None:
        """Switches JupyterLab's theme; it is kept for the pages opened later."""
        name = "JupyterLab Dark" if dark else "JupyterLab Light"
        self.command("apputils:change-theme", theme=name)
        body = self.page.locator("body")
        expect(body).to_have_attribute("data-jp-theme-light", str(not dark).lower())

    def view(self, width: int, height: int, zoom: float = 1.0) -> None:
        """Sets the window's size in pixels of the screen, and the browser's zoom."""
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

    def screenshot(self, name: str, part: Locator | None = None) -> Path:
        """Saves a picture of the page or of a part; returns where it lies."""
        folder = Path(os.environ.get("MICROGPT_SCREENSHOTS", SCREENSHOTS))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        options: dict[str, Any] = {"format": "png"}
        if part is not None:
            part.scroll_into_view_if_needed()
            options["clip"] = {**(part.bounding_box() or {}), "scale": 1}
        # Not Playwright's own: it would set the window's size and the zoom back.
        session = self.page.context.new_cdp_session(self.page)
        content = session.send("Page.captureScreenshot", options)["data"]
        path.write_bytes(base64.b64decode(content))
        return path

    def axe(self, part: Locator) -> list[Violation]:
        """What axe-core finds wrong with `part`, an element of the page."""
        part.evaluate("element => element.setAttribute('data-axe', '')")
        try:
            found = Axe().run(self.page, context="[data-axe]").response["violations"]
        finally:
            part.evaluate("element => element.removeAttribute('data-axe')")
        return [
            Violation(rule["id"], rule["impact"], tuple(node["html"] for node in rule["nodes"]))
            for rule in found
        ]

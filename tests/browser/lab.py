"""JupyterLab in a browser; opens notebooks for the tests."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Request

from browser import scripts
from browser.notebook import STEP_SECONDS, VIEWPORT, Notebook, screenshot_path
from browser.server import Server

_file_numbers = itertools.count(1)


class Lab:
    """One page with JupyterLab, in which notebooks are opened as tabs, one at a time.

    The page is loaded once: that takes as long as many a test. `outside_requests` lists every
    address asked for beyond the server.
    """

    def __init__(self, server: Server, browser: Browser):
        self.server = server
        self.outside_requests: list[str] = []
        self._opened: Notebook | None = None
        context = browser.new_context(viewport=VIEWPORT)
        context.on("request", self._on_request)
        self.page = context.new_page()
        self.page.set_default_timeout(1000 * STEP_SECONDS)
        self.page.goto(f"{server.url}/lab?token={server.token}")
        self.page.evaluate(scripts.START)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.outside_requests.append(request.url)

    def write(
        self,
        source: Path | nbformat.NotebookNode | Sequence[str],
        kernel: str = "installed",
    ) -> str:
        """Write a notebook (file, node, or sources of code cells) to the server's folder.

        Returns its new name: each copy has a kernel of its own.
        """
        if isinstance(source, Path):
            notebook = nbformat.read(source, as_version=4)
        elif isinstance(source, nbformat.NotebookNode):
            notebook = source.copy()
        else:
            cells = [nbformat.v4.new_code_cell(text) for text in source]
            notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {
            "name": kernel, "display_name": kernel, "language": "python",
        }  # fmt: skip
        name = f"{next(_file_numbers):03}.ipynb"
        nbformat.write(notebook, self.server.root / name)
        return name

    def open(
        self,
        source: Path | nbformat.NotebookNode | Sequence[str] | str,
        kernel: str = "installed",
    ) -> Notebook:
        """Open a notebook in a new tab, its kernel ready and no cell run.

        A `str` is the name of a notebook in the server's folder, kernel included; one that was run
        and saved there is trusted. Close it: `with lab.open(…) as notebook`.
        """
        # The style sheets of an open notebook reach every tab: another could look right by them.
        assert self._opened is None or self._opened.is_closed, "close the other notebook first"
        name = source if isinstance(source, str) else self.write(source, kernel)
        path = self.server.root / name
        kernel = nbformat.read(path, as_version=4).metadata["kernelspec"]["name"]
        self._opened = Notebook(self.page, path, kernel)
        return self._opened

    def screenshot(self, name: str) -> None:
        """Save a picture of the page, whatever it shows."""
        self.page.screenshot(path=screenshot_path(name))

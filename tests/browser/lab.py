"""A browser with JupyterLab in it; opens notebooks for the tests."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import nbformat
from playwright.sync_api import BrowserContext, Request

from browser.notebook import Notebook
from browser.server import Server

VIEWPORT = (1366, 768)
_numbers = itertools.count(1)


class Lab:
    """Opens notebooks in one browser; `outside` lists every address asked for beyond the server."""

    def __init__(self, server: Server, context: BrowserContext):
        self.server = server
        self.context = context
        self.outside: list[str] = []
        context.on("request", self._note_request)

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.server.url, "data:", "blob:")):
            self.outside.append(request.url)

    def write(
        self,
        source: Path | nbformat.NotebookNode | Sequence[str],
        kernel: str = "installed",
    ) -> str:
        """Puts a notebook (file, node, or sources of code cells) into the server's folder.

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
        name = f"{next(_numbers):03}.ipynb"
        nbformat.write(notebook, self.server.root / name)
        return name

    def open(
        self,
        source: Path | nbformat.NotebookNode | Sequence[str] | str,
        kernel: str = "installed",
        viewport: tuple[int, int] = VIEWPORT,
    ) -> Notebook:
        """Opens a notebook in a new page, its kernel ready and no cell run.

        A `str` is the name of a notebook that lies in the server's folder, kernel included; one
        that was run and saved there is trusted. Close it: `with lab.open(…) as notebook`.
        """
        name = source if isinstance(source, str) else self.write(source, kernel)
        page = self.context.new_page()
        page.set_viewport_size({"width": viewport[0], "height": viewport[1]})
        # A workspace of its own: JupyterLab reloads a page whose workspace another one has open.
        address = f"{self.server.url}/lab/workspaces/{Path(name).stem}/tree/{name}"
        page.goto(f"{address}?token={self.server.token}")
        path = self.server.root / name
        kernel = nbformat.read(path, as_version=4).metadata["kernelspec"]["name"]
        return Notebook(page, path, kernel)

"""One JupyterLab and one browser for the tests in this folder.

They live as long as the folder's tests (scope "package"): Playwright keeps an event loop in its
thread, and tests elsewhere start event loops of their own.
"""

import pytest
from playwright.sync_api import sync_playwright

from browser.install import FLAGS, find_browser
from browser.lab import Lab
from browser.server import jupyterlab

MISSING = "no Chromium is installed; run: python tests/browser/install.py"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A picture of the page of a failed test, beside the other screenshots."""
    report = yield
    lab = getattr(item, "funcargs", {}).get("lab")
    if report.failed and lab is not None:
        lab.screenshot(f"failed-{item.name}")
    return report


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker("slow")


@pytest.fixture(scope="package")
def browser():
    """Chromium, started."""
    with sync_playwright() as play:
        path = find_browser(play)
        assert path, MISSING
        browser = play.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def lab(tmp_path_factory, browser):
    """JupyterLab in a browser; `lab.open(…)` opens a notebook."""
    with jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as server:
        yield Lab(server, browser)

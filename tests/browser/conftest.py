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


def pytest_addoption(parser):
    parser.addoption(
        "--failed-files", action="store_true", help="only the files with a failure in the last run"
    )


def pytest_ignore_collect(collection_path, config):
    """With --failed-files: skip the other files.

    A failed test alone, as --last-failed runs it, would miss what the tests before it did: those of
    a file share a notebook.
    """
    if not config.getoption("--failed-files") or collection_path.is_dir():
        return None
    failed = config.cache.get("cache/lastfailed", {})
    files = {config.rootpath / test.partition("::")[0] for test in failed}
    return None if collection_path in files else True


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

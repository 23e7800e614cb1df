"""Every test runs with poisoned memory and checked launches."""

import gc
import os
import signal
import sys
from pathlib import Path

os.environ.setdefault("MICROGPT_POISON", "1")
os.environ.setdefault("MICROGPT_DEBUG", "1")

import pytest

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS), str(TESTS / "helpers")]
# A shell that starts this in the background lets it ignore Ctrl-C, which some tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)

BACKENDS = ("numpy", "numba")


@pytest.fixture(scope="module", autouse=True)
def earlier_files_are_not_searched():
    """What a file's tests leave behind is out of all later garbage collections.

    After some thousand tests there are gigabytes of it, mostly compiled code, and searching it took
    half the time of the tests that make many objects.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(params=BACKENDS)
def backend(request):
    """The name of each CPU back end, in use for the test."""
    from microgpt import backends

    with backends.using(request.param):
        yield request.param


def pytest_collection_modifyitems(items):
    for item in items:
        if item.get_closest_marker("slow") is None:
            item.add_marker("fast")


def _folder(variable: str) -> Path:
    named = os.environ.get(variable)
    if named and Path(named).is_dir():
        return Path(named)
    if os.environ.get("CI"):
        pytest.fail(f"{variable} must name a folder in CI; it is {named!r}")
    pytest.skip(f"set {variable} to the folder with the public files to run this")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of public corpora."""
    return _folder("MICROGPT_DATA")


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of files that other programs wrote."""
    return _folder("MICROGPT_FIXTURES")


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache folder, and no data folder."""
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MICROGPT_DATA", raising=False)
    return tmp_path / "cache"

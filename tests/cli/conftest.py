"""The back end in use stays; runs that several tests read."""

import pytest
from shipped_notebooks import notebook

from microgpt import backends
from microgpt.cli import main


@pytest.fixture(autouse=True)
def _same_backend():
    """`--backend` holds for the process; here it ends with the test."""
    before = backends.current().name
    yield
    backends.use(before)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder of a finished run; no test changes what is in it."""
    folder = tmp_path_factory.mktemp("runs") / "names"
    assert main(["train", "--steps", "300", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def source(tmp_path):
    """What a wheel ships: two notebooks, an image, and things that no learner needs."""
    folder = tmp_path / "shipped"
    (folder / "images").mkdir(parents=True)
    (folder / "00_start.ipynb").write_bytes(notebook("todo"))
    (folder / "01_more.ipynb").write_bytes(notebook("todo"))
    (folder / "images" / "a.png").write_bytes(b"png")
    (folder / "src").mkdir()
    (folder / "src" / "00_start.py").touch()
    (folder / "build.py").touch()
    return folder

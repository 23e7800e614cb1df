"""The built wheel holds what must travel, and works in an environment that has nothing else of us.

The environment is a new one with the wheel alone; its libraries are this Python's, by a path file.
"""

import json
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest
from exercise_answers import telling_lines
from shipped_notebooks import json_strings

from microgpt import learn

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs lie elsewhere there")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT],
        check=True, capture_output=True,
    )  # fmt: skip
    (path,) = out.glob("microgpt_lab-*.whl")
    return path


@pytest.fixture(scope="module")
def microgpt(wheel, tmp_path_factory):
    """The command `microgpt` of an environment into which the wheel was installed."""
    place = tmp_path_factory.mktemp("environment")
    venv.create(place, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", place / "bin" / "python", "install"]
    subprocess.run([*pip, "--no-deps", "--no-index", wheel], check=True, capture_output=True)
    (site,) = place.glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return place / "bin" / "microgpt"


@pytest.fixture
def home(tmp_path):
    """The variables of a learner who has nothing yet: an empty home, empty caches, no data."""
    share = Path(sys.prefix) / "share" / "jupyter"
    ours = {name: text for name, text in os.environ.items() if not name.startswith("MICROGPT_")}
    return ours | {
        "HOME": str(tmp_path / "home"),
        "MICROGPT_CACHE": str(tmp_path / "cache"),
        "MICROGPT_BACKEND": "numpy",  # a compiler's half minute is tested elsewhere
        "JUPYTERLAB_DIR": str(share / "lab"),
        "JUPYTER_PATH": str(share),
        "PYTHONPATH": "",
    }


def test_contents(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for path in (ROOT / "microgpt").rglob("*"):
        if path.suffix in {".py", ".txt", ".safetensors"}:
            assert path.relative_to(ROOT).as_posix() in names
    folders = ("tests/", "notebooks/", "microgpt/notebooks/src", "microgpt/tests")
    assert not [name for name in names if name.startswith(folders)]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_notebooks_travel_and_what_builds_them_does_not(wheel):
    archive = zipfile.ZipFile(wheel)
    here = [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "notebooks" / "images").iterdir()]
    shipped = [name for name in archive.namelist() if name.startswith("microgpt/notebooks/")]
    wanted = {f"microgpt/{path.relative_to(ROOT).as_posix()}": path for path in here}
    assert sorted(shipped) == sorted(wanted)
    for name, path in wanted.items():
        assert archive.read(name) == path.read_bytes()


def test_no_solution_travels_in_notebooks_or_in_the_workbook(wheel):
    archive, workbook = zipfile.ZipFile(wheel), "microgpt/learn/workbooks/my_microgpt.py"
    notebooks = [name for name in archive.namelist() if name.endswith(".ipynb")]
    assert "microgpt/notebooks/09_sampling.ipynb" in notebooks
    texts = {name: json_strings(json.loads(archive.read(name))) for name in notebooks}
    texts[workbook] = [archive.read(workbook).decode()]
    for exercise in filter(lambda exercise: exercise.is_function, learn.exercises()):
        lines = telling_lines(exercise)
        for name in texts:
            found = [line for line in lines if any(line in text for text in texts[name])]
            # Every kernel has some of a kernel's lines; together they are the solution.
            assert len(found) < (len(lines) if exercise.is_kernel else 1), f"{name}: {found[:1]}"


def test_it_trains_and_samples(microgpt, home, tmp_path):
    def run(*words):
        return subprocess.run(
            [microgpt, *words], cwd=tmp_path, env=home, check=True, capture_output=True, text=True
        ).stdout

    assert "saved: " in run("train", "--steps", "5", "--out", "run")
    assert run("sample", "run", "-n", "3", "--temperature", "0.5").count("\n") == 3
    said, version = run("doctor"), run("--version").split()[1]
    assert f"microgpt {version}, as installed" in said
    assert "no problems found" in said


def answer(url):
    """What a server says, or None while there is none."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return json.loads(reply.read())
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


@pytest.mark.slow
def test_the_lab_starts(microgpt, home, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=t"]
    with (
        open(tmp_path / "said", "w") as said,
        subprocess.Popen(
            [microgpt, "lab", "mine", "--no-browser", "--", "--allow-root", *options],
            cwd=tmp_path, env=home, stdout=said, stderr=said,
        ) as process,
    ):  # fmt: skip
        try:
            listed, until = None, time.monotonic() + 90
            while listed is None and process.poll() is None and time.monotonic() < until:
                time.sleep(0.2)
                listed = answer(f"http://127.0.0.1:{port}/api/contents?token=t")
        finally:
            process.terminate()
            status = process.wait(timeout=30)
    text = (tmp_path / "said").read_text()
    assert listed is not None, text
    names = {entry["name"] for entry in listed["content"]}
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} <= names, text
    assert text.startswith("notebooks in mine: ")
    assert f":{port}/lab/tree/00_start_here.ipynb?token=" in text  # the page it opens
    assert status == 0, text
    assert answer(f"http://127.0.0.1:{port}/api/contents?token=t") is None  # ended with it

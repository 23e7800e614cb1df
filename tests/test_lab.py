"""`microgpt lab`: the notebooks arrive, and what a learner wrote is never lost."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from microgpt import backends
from microgpt.cli import lab, main, notebook_sync, warmup
from microgpt.cli.notebook_sync import MANIFEST, notebook_source, sync_notebooks
from microgpt.errors import NotWritable

ROOT = Path(__file__).parent.parent


def notebook(*answers, version="0.1"):
    """A notebook with a cell for each answer, as bytes."""
    first = f'import microgpt as mg; mg.require("{version}")'
    cells = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "outputs": [], "source": source}
        for number, source in enumerate([first, *answers])
    ]
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1).encode()


def answers(path):
    return [cell["source"] for cell in json.loads(path.read_bytes())["cells"]][1:]


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


def files(folder):
    """Every file of a folder and its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def test_a_first_delivery_and_a_second(source, tmp_path):
    mine = tmp_path / "deep" / "mine"
    done = sync_notebooks(mine, source, "0.1.0")
    assert str(done) == f"notebooks in {mine}: 2 new", "images are not counted"
    there = files(mine)
    assert sorted(there) == ["00_start.ipynb", "01_more.ipynb", "images/a.png"]
    assert there == {name: (source / name).read_bytes() for name in there}
    assert str(sync_notebooks(mine, source, "0.1.0")) == f"notebooks in {mine}: up to date"
    assert files(mine) == there


def test_a_new_image_is_no_notebook(source, tmp_path):
    sync_notebooks(tmp_path / "mine", source, "0.1.0")
    (source / "images" / "b.png").write_bytes(b"png")
    assert str(sync_notebooks(tmp_path / "mine", source)).endswith(": images brought up to date")


def test_what_is_in_the_way_is_said_before_anything_is_written(source, tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    (mine / "01_more.ipynb").mkdir(parents=True)
    with pytest.raises(NotWritable, match=r"01_more\.ipynb is a folder where a notebook belongs"):
        sync_notebooks(mine, source)
    other.mkdir()
    (other / "images").write_text("mine")
    with pytest.raises(NotWritable, match="images is a file where a folder of images belongs"):
        sync_notebooks(other, source)
    assert files(mine) == {}
    assert files(other) == {"images": b"mine"}


@pytest.mark.parametrize("words", [["--port", "8899"], ["--no-browser", "--ip=0.0.0.0"]])
def test_options_of_jupyterlab_in_the_wrong_place(started, tmp_path, capsys, words):
    with pytest.raises(SystemExit) as end:
        main(["lab", str(tmp_path / "mine"), *words])
    assert end.value.code == 2
    assert "put -- before JupyterLab's own options" in capsys.readouterr().err
    assert started == []


def test_lost_homework(source, tmp_path):
    """Edit, upgrade, lab: the answers stay byte for byte; the new version arrives once."""
    mine = tmp_path / "mine"
    sync_notebooks(mine, source, "0.1.0")
    homework = notebook("def softmax(x): return x / x.sum()  # ŝ", "my_run = 3")
    (mine / "00_start.ipynb").write_bytes(homework)
    assert "1 with your changes left as they are" in str(sync_notebooks(mine, source, "0.1.0"))
    assert sorted(files(mine)) == ["00_start.ipynb", "01_more.ipynb", "images/a.png"]

    for name in ("00_start.ipynb", "01_more.ipynb"):
        (source / name).write_bytes(notebook("todo", "new in 0.2", version="0.2"))
    done = sync_notebooks(mine, source, "0.2.0")
    assert (mine / "00_start.ipynb").read_bytes() == homework
    assert answers(mine / "00_start.ipynb")[1] == "my_run = 3"
    assert answers(mine / "00_start-0.2.0.ipynb") == ["todo", "new in 0.2"]
    assert answers(mine / "01_more.ipynb") == ["todo", "new in 0.2"]  # was as it came
    assert done.side_copies == ["00_start-0.2.0.ipynb"]
    assert str(done) == (
        f"notebooks in {mine}: 1 updated; 1 with your changes left as they are; "
        "the new version beside yours: 00_start-0.2.0.ipynb"
    )

    (mine / "00_start-0.2.0.ipynb").unlink()  # seen, and not wanted
    again = sync_notebooks(mine, source, "0.2.0")
    assert again.side_copies == []
    assert not (mine / "00_start-0.2.0.ipynb").exists()
    assert (mine / "00_start.ipynb").read_bytes() == homework


def test_work_in_the_copy_beside_is_kept_as_well(source, tmp_path):
    mine = tmp_path / "mine"
    sync_notebooks(mine, source, "0.1.0")
    (mine / "00_start.ipynb").write_bytes(notebook("mine"))
    (source / "00_start.ipynb").write_bytes(notebook("second"))
    sync_notebooks(mine, source, "0.2.0")
    (mine / "00_start-0.2.0.ipynb").write_bytes(notebook("mine too"))
    (source / "00_start.ipynb").write_bytes(notebook("third"))
    sync_notebooks(mine, source, "0.2.0")  # a checkout: another notebook under the same version
    assert answers(mine / "00_start.ipynb") == ["mine"]
    assert answers(mine / "00_start-0.2.0.ipynb") == ["mine too"]
    assert answers(mine / "00_start-0.2.0-2.ipynb") == ["third"]


def test_what_was_deleted_comes_back(source, tmp_path):
    mine = tmp_path / "mine"
    sync_notebooks(mine, source, "0.1.0")
    (mine / "00_start.ipynb").unlink()
    shutil.rmtree(mine / "images")
    assert sorted(sync_notebooks(mine, source, "0.1.0").new) == ["00_start.ipynb", "images/a.png"]
    assert files(mine) == {name: (source / name).read_bytes() for name in files(mine)}


def test_a_copy_two_versions_old_is_replaced(source, tmp_path):
    mine, old = tmp_path / "mine", (source / "00_start.ipynb").read_bytes()
    sync_notebooks(mine, source, "0.1.0")
    (source / "00_start.ipynb").write_bytes(notebook("second"))
    sync_notebooks(mine, source, "0.2.0")
    (mine / "00_start.ipynb").write_bytes(old)  # out of a backup
    (source / "00_start.ipynb").write_bytes(notebook("third"))
    assert sync_notebooks(mine, source, "0.3.0").updated == ["00_start.ipynb"]
    assert answers(mine / "00_start.ipynb") == ["third"]


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"[1]", b"7", b"null", b'{"00_start.ipynb": 5}', b"\xff"]
)
def test_a_lost_or_broken_manifest_replaces_nothing(source, tmp_path, broken):
    mine = tmp_path / "mine"
    sync_notebooks(mine, source, "0.1.0")
    (mine / "00_start.ipynb").write_bytes(notebook("mine"))
    (mine / MANIFEST).write_bytes(broken)
    done = sync_notebooks(mine, source, "0.2.0")
    assert answers(mine / "00_start.ipynb") == ["mine"]
    assert done.side_copies == ["00_start-0.2.0.ipynb"]
    assert sync_notebooks(mine, source, "0.2.0").side_copies == []


def test_a_file_of_ones_own_with_that_name_stays(source, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "00_start.ipynb").write_bytes(b"not even a notebook")
    assert sync_notebooks(mine, source, "0.1.0").side_copies == ["00_start-0.1.0.ipynb"]
    assert (mine / "00_start.ipynb").read_bytes() == b"not even a notebook"


def test_an_interrupted_delivery_is_finished_by_the_next(source, tmp_path, monkeypatch):
    mine, plain = tmp_path / "mine", notebook_sync._write
    sync_notebooks(mine, source, "0.1.0")
    (mine / "00_start.ipynb").write_bytes(notebook("mine"))
    for name in ("00_start.ipynb", "01_more.ipynb"):
        (source / name).write_bytes(notebook("second"))

    def stops_at_the_manifest(target, content):
        if target.name == MANIFEST:
            raise KeyboardInterrupt
        plain(target, content)

    monkeypatch.setattr(notebook_sync, "_write", stops_at_the_manifest)
    with pytest.raises(KeyboardInterrupt):
        sync_notebooks(mine, source, "0.2.0")
    monkeypatch.undo()
    sync_notebooks(mine, source, "0.2.0")
    assert sorted(files(mine)) == [
        "00_start-0.2.0.ipynb", "00_start.ipynb", "01_more.ipynb", "images/a.png"
    ]  # fmt: skip
    assert answers(mine / "00_start.ipynb") == ["mine"]


def test_what_a_checkout_ships(tmp_path):
    assert notebook_source() == ROOT / "notebooks"
    sync_notebooks(tmp_path / "mine")
    wanted = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert wanted == {path.name for path in (tmp_path / "mine").glob("*.ipynb")}
    assert not [name for name in files(tmp_path / "mine") if name.endswith((".py", ".toml"))]


@pytest.fixture
def started(monkeypatch):
    """What `microgpt lab` would start, without starting it; kernels count as compiled."""
    commands = []

    class Server:
        def __init__(self, command, env):
            commands.append((command, env))

        def wait(self):
            return 0

    monkeypatch.setattr(lab.subprocess, "Popen", Server)
    monkeypatch.setattr(backends, "kernels_compiled", lambda: True)
    before = backends.current().name
    yield commands
    backends.use(before)


def test_options_reach_jupyterlab(started, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["lab", "mine", "--", "--no-browser", "--port", "8899"]) == 0
    assert main(["lab", "--no-browser", "--backend", "numpy"]) == 0
    assert main(["lab", "--", "--port", "8899"]) == 0  # not taken for a folder
    (first, _), (second, environment), (third, _) = started
    start = [sys.executable, "-m", "jupyterlab"]
    page = "--LabApp.default_url=/lab/tree/00_start_here.ipynb"
    assert first == [*start, "mine", page, "--no-browser", "--port", "8899"]
    assert second == [*start, "microgpt-notebooks", page, "--no-browser"]
    assert environment["MICROGPT_BACKEND"] == "numpy"
    assert third == [*second[:-1], "--port", "8899"]
    assert capsys.readouterr().out.count("\n") == 3  # one line each


def test_the_learners_own_notebook_is_opened_and_not_the_newer_one(
    started, source, tmp_path, monkeypatch
):
    mine = tmp_path / "mine"
    sync_notebooks(mine, source, "0.1.0")
    (mine / "00_start.ipynb").write_bytes(notebook("mine"))
    (mine / "00_a_file_of_ones_own.ipynb").write_bytes(notebook("x"))
    (source / "00_start.ipynb").write_bytes(notebook("newer"))
    monkeypatch.setattr(notebook_sync, "notebook_source", lambda: source)
    assert main(["lab", str(mine), "--no-browser"]) == 0
    assert [path.name for path in sorted(mine.glob("00_start-*"))]
    ((command, _),) = started
    assert "--LabApp.default_url=/lab/tree/00_start.ipynb" in command


def test_copy_only_starts_nothing(started, tmp_path, capsys):
    assert main(["lab", str(tmp_path / "mine"), "--copy-only"]) == 0
    assert started == []
    assert capsys.readouterr().out.startswith(f"notebooks in {tmp_path / 'mine'}: ")


def test_kernels_are_compiled_once_and_only_if_they_will_be_used(started, tmp_path, monkeypatch):
    compiled, mine = [], str(tmp_path / "mine")
    monkeypatch.setattr(warmup, "compile_kernels", lambda: compiled.append(1))
    monkeypatch.setattr(backends, "_default_name", None)
    monkeypatch.delenv("MICROGPT_BACKEND", raising=False)
    assert main(["lab", mine]) == 0
    assert compiled == []
    monkeypatch.setattr(backends, "kernels_compiled", lambda: False)
    assert main(["lab", mine]) == 0
    assert compiled == [1]
    assert main(["lab", mine, "--backend", "numpy"]) == 0
    assert compiled == [1]
    assert len(started) == 3


def test_a_cache_that_cannot_be_written_stops_nothing(started, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(backends, "kernels_compiled", lambda: False)
    assert main(["lab", str(tmp_path / "mine"), "--backend", "numba"]) == 0
    assert "compiled kernels cannot be kept" in capsys.readouterr().err
    assert len(started) == 1


def test_a_file_in_the_way_is_named(started, tmp_path, capsys):
    (tmp_path / "microgpt.py").touch()
    assert main(["lab", str(tmp_path), "--copy-only"]) == 0
    assert f"would load {tmp_path / 'microgpt.py'} in place" in capsys.readouterr().err


def wrong_inputs(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "odd" / "00_start_here.ipynb").mkdir(parents=True)
    yield (
        [str(ROOT / "notebooks")],
        "folder must be another than the one that the notebooks come from",
    )
    yield [str(tmp_path / "file")], "is a file that is there already"
    yield [str(tmp_path / "file" / "below")], "choose another folder"
    yield [str(tmp_path / "odd")], "00_start_here.ipynb is a folder where a notebook belongs"
    yield [str(tmp_path / "mine"), "--backend", "gpu"], "there is no back end 'gpu'"


def test_wrong_input_is_one_sentence(started, tmp_path, capsys):
    for words, message in wrong_inputs(tmp_path):
        assert main(["lab", *words]) == 1
        said = capsys.readouterr().err.strip()
        assert said.startswith("microgpt: ")
        assert message in said
        assert "\n" not in said
    assert started == []


def test_without_jupyterlab_the_notebooks_arrive_all_the_same(
    started, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(lab, "find_spec", lambda name: None)
    assert main(["lab", str(tmp_path / "mine")]) == 1
    said = capsys.readouterr()
    assert 'run `pip install "microgpt-lab[lab]"`' in said.err
    assert said.err.count("\n") == 1
    assert (tmp_path / "mine" / "00_start_here.ipynb").is_file()


def test_a_wheel_without_notebooks_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        notebook_sync.microgpt, "__file__", str(tmp_path / "microgpt" / "__init__.py")
    )
    assert main(["lab", str(tmp_path / "mine"), "--copy-only"]) == 1
    assert "install microgpt-lab anew" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_control_c_is_left_to_jupyterlab():
    """The first one makes it ask; the second ends it; its status is ours."""
    code = """
import subprocess, sys
from microgpt.cli.lab import _wait_for
server = '''
import signal, sys
def asked(*_):
    asks.append(1)
    print("asks", flush=True)
    if len(asks) == 2: sys.exit(5)
asks = []
signal.signal(signal.SIGINT, asked)
print("up", flush=True)
while True: signal.pause()
'''
sys.exit(_wait_for(subprocess.Popen([sys.executable, "-c", server])))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "asks\n"
        assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 5


def test_the_makefile_passes_options_on():
    make = ["make", "--no-print-directory", "-n", "-o", ".venv/.lab", "lab"]
    run = subprocess.run(
        [*make, "ARGS=--no-browser --port 8899"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.stdout.strip() == ".venv/bin/microgpt lab lab -- --no-browser --port 8899"


@pytest.fixture
def restored():
    before = backends.current().name
    yield
    backends.use(before)


@pytest.mark.usefixtures("restored")
def test_warm_up_reports_progress_and_leaves_a_stamp(capsys):
    assert main(["warmup", "--backend", "numba"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert last == "the kernels of 'numba' are ready"
    said = [re.fullmatch(r"compiling kernel (\d+) of (\d+) \(.+\)(: \w+)?", line) for line in lines]
    numbers = [int(match[1]) for match in said]
    (total,) = {int(match[2]) for match in said}
    assert numbers[0] <= 1
    assert numbers == sorted(numbers)
    assert 40 < total < 100
    assert max(numbers) <= total
    assert backends.kernels_compiled()


def test_warm_up_counts_beforehand_what_it_will_compile():
    kernels, seen = backends.get("numba").kernels, {}
    for name in ("numpy", "numba"):
        seen[name] = warmup._VariantTracer(kernels)
        with backends.using(name), backends.tracing(seen[name]):
            warmup._launch_all()
    assert seen["numpy"].variants == seen["numba"].variants


@pytest.mark.usefixtures("restored")
def test_warm_up_refuses_a_cache_that_cannot_be_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "file" / "cache"))
    assert main(["warmup", "--backend", "numba"]) == 1
    said = capsys.readouterr()
    assert "set MICROGPT_CACHE to a folder you can write to" in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""  # before the compiling, not after

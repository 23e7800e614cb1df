"""Notebooks arrive, and what a learner wrote is never lost."""

import shutil
from pathlib import Path

import pytest
from shipped_notebooks import answers, notebook

import microgpt as mg
from microgpt.cli import notebook_sync
from microgpt.cli.notebook_sync import MANIFEST, notebook_source, sync_notebooks
from microgpt.errors import (
    NotWritable,
)

ROOT = Path(mg.__file__).parent.parent


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

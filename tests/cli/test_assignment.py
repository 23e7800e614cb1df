"""The command `microgpt assignment`."""

from pathlib import Path

import pytest
from exercise_answers import write_teachers_file

from microgpt.cli import main
from microgpt.learn import registry


@pytest.fixture(autouse=True)
def work_dir(tmp_path, monkeypatch):
    """An empty folder to work in, and no exercises but those of the course."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_custom", {})


def test_an_existing_file_is_never_overwritten(capsys):
    out = Path("hw.ipynb")
    assert main(["assignment", "09.sample", "--out", "hw.ipynb"]) == 0
    assert capsys.readouterr().out == "written: hw.ipynb\n"
    before = out.read_bytes()
    assert main(["assignment", "09.sample", "--out", "hw.ipynb"]) == 1
    assert "may be someone's work" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_options_for_nbgrader_and_hints():
    command = ["assignment", "09.top_k", "--nbgrader", "--no-hints", "--out"]
    for name in ("a.ipynb", "b.ipynb"):
        assert main([*command, name]) == 0
    assert Path("a.ipynb").read_bytes() == Path("b.ipynb").read_bytes()
    text = Path("a.ipynb").read_text("utf-8")
    assert "mg.learn.hint" not in text
    assert "raise_if_wrong()" in text


def test_a_teachers_file_is_to_be_handed_out(capsys):
    write_teachers_file(Path())
    command = ["assignment", "week3.surprise", "--exercises", "week3.py", "--out", "hw.ipynb"]
    assert main(command) == 0
    assert "hand out week3.py beside it" in capsys.readouterr().out
    assert 'mg.learn.load(\\"week3.py\\");' in Path("hw.ipynb").read_text("utf-8")


def test_one_minute_is_singular(capsys):
    file = write_teachers_file(Path())
    file.write_text(file.read_text("utf-8").replace("minutes=3", "minutes=1"), "utf-8")
    command = ["assignment", "week3.surprise", "--exercises", "week3.py", "--out", "hw.ipynb"]
    assert main(command) == 0
    assert Path("hw.ipynb").read_text("utf-8").count("About 1 minute.") == 2
    assert main(["exercises"]) == 0
    assert "1 minute  difficulty" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["09.smaple", "--out", "a.ipynb"], "did you mean 09.sample?"),
        (["09.sample", "09.sample", "--out", "a.ipynb"], "listed once each"),
        (["09.sample", "--corpus", "nmaes", "--out", "a.ipynb"], "--corpus must be"),
        (["09.sample", "--out", "a.txt"], "ends in .ipynb"),
        (
            ["00.first_change", "--corpus", "story", "--out", "a.ipynb"],
            "must be 'names-mini' for 00.first_change",
        ),
    ],
)
def test_assignments_that_cannot_be_written(capsys, command, message):
    assert main(["assignment", *command]) == 1
    assert message in capsys.readouterr().err
    assert not list(Path().iterdir())

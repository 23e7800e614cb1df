"""The build of the notebooks, and the comparison in --check."""

import json

import pytest
from course import build_command, output_cleaning
from notebook_sources import edit_source, write_source


@pytest.fixture
def folder(tmp_path):
    return write_source(tmp_path)


def test_build_check_and_what_differs(folder, capsys, monkeypatch):
    monkeypatch.delenv("MICROGPT_BACKEND", raising=False)
    assert build_command.main([], folder) == 0
    target = folder / "00_test.ipynb"
    assert f"{target} written" in capsys.readouterr().out
    content = target.read_bytes()
    assert output_cleaning.is_clean(content, "00_test")
    assert b"source:" not in content
    notebook = json.loads(content)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    first, second, third, _ = (cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    assert first["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": ["one\n", "two\n"]}
    ]
    assert second["metadata"] == {"tags": ["predict:00.count"]}
    assert second["outputs"][0]["data"] == {"text/plain": ["3"]}
    assert second["execution_count"] is None
    assert second["outputs"][0]["execution_count"] is None
    assert third["metadata"] == {"jupyter": {"source_hidden": True}, "tags": ["answer:00.count"]}
    (output,) = third["outputs"]
    assert output["data"] == {kind: [text] for kind, text in output_cleaning.MASK.items()}

    # The folder it ran in had another name then: that cell is tagged `varies`.
    assert build_command.main(["--check"], folder) == 0
    target.write_bytes(content.replace(b'"two\\n"', b'"too\\n"'))
    assert build_command.main(["--check"], folder) == 1
    assert "('can-it-count-2') shows another text when it runs again: 'two' in place of 'too'" in (
        capsys.readouterr().err
    )
    target.write_bytes(content)
    edit_source(folder, "It can.", "It could.")
    assert build_command.main(["--check", "00"], folder) == 1
    assert "cell 1 ('can-it-count') differs from its source in its text" in capsys.readouterr().err
    (folder / "01_lost.ipynb").write_bytes(content)
    difference = build_command.find_difference("01_lost", folder)
    assert difference == "01_lost: there is no src/01_lost.py"
    assert build_command.main(["7"], folder) == 1
    assert "no source begins with '7'; known: 00_test" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2 + 1", "1 / 0", "cell 'predict-00-count' raised ZeroDivisionError: division by zero;"),
        ("2 + 1", 'warnings.warn("old")', "cell 'predict-00-count' writes to stderr: "),
        ("2 + 1", "import os; os._exit(1)", "cell 'predict-00-count' ended its kernel"),
        (
            "2 + 1",
            "from microgpt.widgets.panel import _errors; _errors.append('It broke')",
            "Error: It broke;",
        ),
        ("answer: 3", "answer: 4", "answers 'It is 3'; its note says '4'; correct the note"),
    ],
)
def test_a_cell_that_stops_the_build(folder, capsys, old, new, message):
    target = folder / "00_test.ipynb"
    target.write_bytes(b"old")
    edit_source(folder, old, new)
    assert build_command.main([], folder) == 1
    error = capsys.readouterr().err
    assert message in error
    assert ("UserWarning: old" in error) is new.startswith("warnings")
    assert target.read_bytes() == b"old"
    assert sorted(path.name for path in folder.iterdir()) == ["00_test.ipynb", "src"]

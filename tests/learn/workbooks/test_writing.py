"""Writing a workbook: answers move in, what is written stays."""

import pytest
from exercise_answers import correct_sample

from microgpt.errors import FormatError, NotWritable, SettingError
from microgpt.learn import answer_source, check
from microgpt.learn.answer_source import AnswerSource, SourceUnavailable
from microgpt.learn.workbook_sections import find_sections, part_ids, template
from microgpt.learn.workbooks import workbook

ANSWER = "def sample(logits, T, k, u):\n    return 0"


@pytest.fixture
def known(monkeypatch):
    """The answers known in this session, none at first."""
    answers = {}
    monkeypatch.setattr(answer_source, "_correct", answers)
    return answers


@pytest.fixture
def path(tmp_path):
    return tmp_path / "my_microgpt.py"


def answer(code=ANSWER, name="sample", imports=None, **helpers):
    return AnswerSource(imports or {}, {**helpers, name: code})


def section(path, id):
    return find_sections(path.read_bytes().decode())[id].text


def test_the_first_file_is_the_template(known, path):
    report = workbook(path)
    assert path.read_text("utf-8") == template()
    assert report.open == part_ids()
    assert repr(report).startswith("my_microgpt.py: 0 of 14 parts are filled\n  ○ Open, so the")
    assert "14 parts" in report._repr_html_()


def test_answers_move_in_and_hand_written_text_stays(known, path):
    workbook(path)
    mine = path.read_text("utf-8").replace("losses = train()", "losses = train(5)  # shorter")
    softmax = "def softmax(x):\n    return my_own(x)"
    mine = mine.replace('softmax = library("03.softmax")', f"# as in class\n{softmax}")
    path.write_text(mine, "utf-8")
    known["09.sample"] = answer()
    known["01.backward"] = answer("def backward(last): ...", "backward")
    report = workbook(path)
    assert (report.filled, report.kept) == (["01.backward", "09.sample"], ["03.softmax"])
    heading = "# %% 09.sample: sample(logits, T, k, u) -> token\n"
    assert section(path, "09.sample") == f"{heading}{ANSWER}\n\n\n"
    text = path.read_text("utf-8")
    back = text.replace(ANSWER, 'sample = library("09.sample")')
    back = back.replace("def backward(last): ...", 'backward = library("01.backward")')
    assert back == mine
    assert workbook(path).kept == ["01.backward", "03.softmax", "09.sample"]
    assert path.read_text("utf-8") == text


def test_a_newer_answer_replaces_only_on_request(known, path):
    known["09.sample"] = answer()
    workbook(path)
    before = path.read_bytes()
    known["09.sample"] = answer(ANSWER + "  # better")
    report = workbook(path)
    assert (report.newer, report.kept, report.filled) == (["09.sample"], ["09.sample"], [])
    assert 'replace="09.sample")` puts the one from here' in dict(report.points())["✗"]
    assert "<code>mg.learn.workbook(" in report._repr_html_()
    assert path.read_bytes() == before
    report = workbook(path, replace="09.sample")
    assert (report.replaced, report.backup.name) == (["09.sample"], "my_microgpt.1.py")
    assert report.backup.read_bytes() == before
    assert path.read_bytes() == before.replace(ANSWER.encode(), f"{ANSWER}  # better".encode())
    known["09.sample"] = answer(ANSWER + "  # best")
    assert workbook(path, ["09.sample"]).backup.name == "my_microgpt.2.py"


def test_what_can_be_replaced(known, path):
    with pytest.raises(SettingError, match="one of '01"):
        workbook(path, replace="03.softmx")
    with pytest.raises(SettingError, match="found correct in this session"):
        workbook(path, replace="03.softmax")
    assert not path.exists()


def test_helpers_and_imports(known, path):
    imports = {"np": "import numpy as np", "math": "import math"}
    helper = "def top(x):\n    return max(x)"
    known["09.sample"] = answer(imports=imports, top=helper)
    known["03.softmax"] = answer("def softmax(x): ...", "softmax", top=helper)
    workbook(path)
    # What the file has already is not repeated.
    assert section(path, "03.softmax").startswith(
        "# %% 03.softmax: softmax(x) -> p, both (…, V)\n"
        f"{helper}\n\n\ndef softmax(x): ...\n"
    )  # fmt: skip
    code = section(path, "09.sample").partition("\n")[2]
    assert code.startswith(f"import math\n\n\n{ANSWER}\n")
    compile(path.read_text("utf-8"), "workbook", "exec")


@pytest.mark.parametrize("helper", ["def train():\n    return 1", "def top(x): return 2"])
def test_a_name_that_the_file_has_for_something_else(known, path, helper):
    known["03.softmax"] = answer("def softmax(x): ...", "softmax", top="def top(x): return 1")
    workbook(path)
    name = helper[4:].partition("(")[0]
    known["09.sample"] = answer(**{name: helper})
    report = workbook(path)
    assert report.problems["09.sample"].startswith(f"sample needs a `{name}` of its own")
    assert find_sections(path.read_text("utf-8"))["09.sample"].open_line


@pytest.mark.parametrize(
    ("name", "code"),
    [("BLOCK_SIZE", "BLOCK_SIZE = 1"), ("shifted", "def shifted(x):\n    return x")],
)
def test_the_beginning_of_a_statement_is_not_the_statement(known, path, name, code):
    shifted = "def shifted(x):\n    return x - x.max()"
    known["03.softmax"] = answer("def softmax(x): ...", "softmax", shifted=shifted)
    workbook(path)
    assert code in path.read_text("utf-8")
    known["09.sample"] = answer(**{name: code})
    report = workbook(path)
    assert report.problems["09.sample"].startswith(f"sample needs a `{name}` of its own")
    assert "09.sample" in report.open


@pytest.mark.parametrize("longer", [" + u", "\n\n    return 1"])
def test_an_answer_that_the_part_only_begins_with_is_newer(known, path, longer):
    known["09.sample"] = answer(ANSWER + longer)
    workbook(path)
    assert workbook(path).newer == []
    known["09.sample"] = answer()
    assert workbook(path).newer == ["09.sample"]


@pytest.mark.parametrize("code", [f"@staticmethod\n{ANSWER}", f"{ANSWER}\n    # done"])
def test_an_answer_with_more_than_its_function_is_found_again(known, path, code):
    known["09.sample"] = answer(code)
    workbook(path)
    assert workbook(path).newer == []


def test_an_answer_without_source_is_explained(known, path):
    known["09.sample"] = SourceUnavailable("its code cannot be read")
    report = workbook(path)
    assert report.problems == {"09.sample": "its code cannot be read"}
    assert "✗ 09.sample: its code cannot be read" in repr(report)
    assert "09.sample" in report.open


def test_a_heading_that_is_gone(known, path):
    text = template().replace("# %% 03.softmax:", "# 03.softmax")
    path.write_text(text, "utf-8")
    known["03.softmax"] = answer("def softmax(x): ...", "softmax")
    assert "# %% 03.softmax:" in workbook(path).problems["03.softmax"]
    assert path.read_text("utf-8") == text


def test_windows_lines_stay(known, path):
    path.write_bytes(template().replace("\n", "\r\n").encode())
    known["09.sample"] = answer()
    workbook(path)
    content = path.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert ANSWER.replace("\n", "\r\n").encode() in content
    known["09.sample"] = answer("def sample(*given):\n    return 1")
    workbook(path, "09.sample")
    content = path.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert workbook(path).newer == []


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [(b"print(1)\n", NotWritable, "is no workbook"), (b"\xff\xfe", FormatError, "no UTF-8")],
)
def test_other_files_are_not_touched(known, path, content, error, message):
    path.write_bytes(content)
    with pytest.raises(error, match=message):
        workbook(path)
    assert path.read_bytes() == content


def test_names_of_files(known, tmp_path):
    with pytest.raises(SettingError, match=r"ends in \.py"):
        workbook(tmp_path / "my_microgpt.ipynb")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(NotWritable, match="is a folder"):
        workbook(tmp_path / "folder.py")


def test_only_what_check_found_correct_moves_in(known, path):
    check("09.sample", lambda logits, T, k, u: 0)
    assert workbook(path).filled == []
    check("09.sample", correct_sample)
    workbook(path)
    assert section(path, "09.sample").splitlines()[1:] == [
        "def correct_sample(logits, T, k, u):",
        '    """The library\'s own token."""',
        "    return mg.next_token(logits, T, min(k, len(logits)), u=u).token",
        "", "", "sample = correct_sample", "", "",
    ]  # fmt: skip


NOTEBOOK = """\
import microgpt as mg, numpy as np
---
SMALLEST = 0.001
def likeliest(logits):
    return int(np.argmax(logits))
---
def sample(logits, T, k, u):
    if T < SMALLEST:
        return likeliest(logits)
    return mg.next_token(logits, T, min(k, len(logits)), u=u).token
---
assert mg.learn.check("09.sample", sample)
---
sample = None  # what was checked counts
report = mg.learn.workbook("mine.py")
assert report.filled == ["09.sample"], report
"""


@pytest.mark.slow
def test_an_answer_moves_out_of_a_notebook(tmp_path):
    import nbformat
    from nbclient import NotebookClient

    cells = map(nbformat.v4.new_code_cell, NOTEBOOK.split("---\n"))
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, kernel_name="python3", timeout=120, resources=resources).execute()
    _, cell, answer_cell, *_ = NOTEBOOK.split("---\n")
    smallest, helper = cell.strip().split("\n", 1)
    code = "\n\n\n".join([smallest, helper, answer_cell.strip()])
    assert section(tmp_path / "mine.py", "09.sample").split("\n", 1)[1].strip() == code

"""The part 08.adamw_step: an accepted answer moves in, and trains as the library does."""

import sys
import types

import numpy as np
import pytest
from workbook_runs import namespace

from microgpt.learn import answer_source, check
from microgpt.learn.workbook_sections import find_sections
from microgpt.learn.workbooks import workbook

ID = "08.adamw_step"
CELL = """
def corrected(mean, beta, t):
    return mean / (1 - beta**t)


def adamw_step(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    decay = weight_decay * p if p.ndim == 2 else 0.0
    step = corrected(m, beta1, t) / (np.sqrt(corrected(v, beta2, t)) + eps)
    return p - lr * (step + decay), m, v
"""


@pytest.fixture
def answer(monkeypatch, tmp_path):
    """The function of a notebook's cell, whose source Python can look up."""
    monkeypatch.setattr(answer_source, "_correct", {})
    path = tmp_path / "cell.py"
    path.write_text(CELL, "utf-8")
    module = types.ModuleType("cell")
    module.np = np
    monkeypatch.setitem(sys.modules, "cell", module)
    exec(compile(CELL, str(path), "exec"), vars(module))
    return module.adamw_step


def test_an_accepted_answer_moves_in_and_trains_as_the_library_does(answer, tmp_path):
    assert check(ID, answer)
    path = tmp_path / "my_microgpt.py"
    assert workbook(path).filled == [ID]
    text = path.read_text("utf-8")
    section = find_sections(text)[ID]
    assert not section.open_line
    assert "def corrected(mean, beta, t):" in section.text
    ours = namespace(text)
    assert ours["adamw_step"].__code__.co_filename == "workbook.py"
    assert ours["train"](10) == pytest.approx(namespace()["train"](10), abs=1e-9)


def test_an_answer_that_is_not_accepted_does_not(tmp_path, monkeypatch):
    monkeypatch.setattr(answer_source, "_correct", {})
    assert not check(ID, lambda p, g, m, v, t, lr, *rest: (p - lr * g, m, v))
    assert workbook(tmp_path / "my_microgpt.py").filled == []

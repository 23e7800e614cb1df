"""Hints and solutions as texts."""

import linecache
import re

import pytest
from exercise_answers import write_teachers_file

import microgpt as mg
from microgpt import learn
from microgpt.learn import hints
from microgpt.learn.hints import solution_source
from microgpt.learn.registry import find_exercise


def test_hints_come_one_after_the_other():
    hints._hints_shown.clear()
    texts = find_exercise("09.sample").hints
    assert [str(learn.hint("09.sample")) for _ in range(4)] == [*texts, texts[2]]
    assert str(learn.hint("09.sample", tier=1)) == texts[0]
    assert repr(learn.hint("09.sample", 2)).startswith("Hint 2 of 3 for 09.sample, the method\n")
    for tier in (0, 4, "one", 2.0, True):
        with pytest.raises(mg.SettingError, match="tier must be an integer from 1 to 3"):
            learn.hint("09.sample", tier)


def test_a_hint_names_the_command_that_gives_the_next():
    lines = [repr(learn.hint("09.sample", tier)).splitlines()[-1] for tier in (1, 2, 3)]
    assert lines == [
        'mg.learn.hint("09.sample", 2) gives the method.',
        'mg.learn.hint("09.sample", 3) gives nearly the code.',
        'mg.learn.solution("09.sample") shows one way to write it.',
    ]
    html = learn.hint("09.sample", 1)._repr_html_()
    assert "<span>Hint 1 of 3: a nudge</span> <code>09.sample</code>" in html
    assert "<code>mg.learn.hint(&quot;09.sample&quot;, 2)</code> gives the method." in html
    assert find_exercise("09.sample").hints[0].partition("?")[0] in html


def test_solutions_can_be_kept_by_the_teacher(monkeypatch):
    monkeypatch.delenv("MICROGPT_SOLUTIONS", raising=False)
    assert "def sample" in learn.solution("09.sample")
    assert re.search(
        r"<pre[^>]*>import numpy as np\n\ndef sample", learn.solution("09.sample")._repr_html_()
    )
    monkeypatch.setenv("MICROGPT_SOLUTIONS", "off")
    assert str(learn.solution("09.sample")) == "Your teacher has them."
    html = learn.solution("09.sample")._repr_html_()
    assert "def sample" not in html
    assert "Your teacher has them." in html


@pytest.mark.parametrize("exercise", learn.exercises(), ids=lambda exercise: exercise.id)
def test_the_solution_as_shown_is_correct(exercise):
    names, source = {"__name__": "__main__"}, solution_source(exercise)
    if not exercise.is_function:  # a shorter training; the self-test runs the whole one
        source = source.replace("n_embd=32", "").replace("steps=1000", "steps=20")
    with mg.using("numpy"):
        file = f"<solution {exercise.id}>"  # as a cell, whose source can be read
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        exec(compile(source, file, "exec"), names)
        assert learn.check(exercise.id, names[exercise.answer_name])


def test_a_solution_goes_by_the_answers_name(tmp_path):
    file = write_teachers_file(tmp_path)
    text = file.read_text("utf-8").replace("def surprise(p)", "def solution(p)")
    file.write_text(text.replace("solution=surprise", "solution=solution"), "utf-8")
    (exercise,) = learn.load(file)
    assert "def surprise(p):" in learn.solution("week3.surprise")
    assert "solution" not in solution_source(exercise)

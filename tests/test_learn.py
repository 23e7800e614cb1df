"""Checking answers: results, cards, hints, and answers that do harm."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find


def right(logits, T, k, u):  # noqa: N803
    return mg.next_token(logits, T, min(k, len(logits)), u=u).token


def id_order(logits, T, k, u):  # noqa: N803
    chances = mg.next_token(logits, T, min(k, len(logits))).probabilities
    return int(np.searchsorted(np.cumsum(chances), u, side="right"))


def test_a_right_answer_is_correct_and_nothing_is_printed(capsys):
    def loud(*arguments):
        print("noise")
        print("more", file=sys.stderr)
        return right(*arguments)

    result = learn.check("09.sample", loud)
    assert result
    assert result.state == "correct"
    assert capsys.readouterr() == ("", "")
    print("heard again")
    assert capsys.readouterr().out == "heard again\n"
    result.raise_if_wrong()
    assert (result.exercise, result.version, result.seed) == ("09.sample", mg.__version__, 0)


def test_a_wrong_answer_gets_the_smallest_input_and_its_cause():
    result = learn.check("09.sample", id_order, seed=4)
    assert not result
    assert result.state == "not yet"
    assert result.got == 1
    assert result.expected == 0
    assert list(result.input) == ["logits", "T", "k", "u"]
    assert id_order(**result.input) == result.got
    assert "walk from the likeliest down" in result.cause
    with pytest.raises(AssertionError, match=r"09\.sample: not yet\. The worked example"):
        result.raise_if_wrong()
    kept = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert list(kept) == ["state", "property", "input", "got", "expected", "cause", "exercise",
                          "version", "seed", "seconds"]  # fmt: skip
    assert kept["input"]["logits"] == [1.0, 2.0, 0.1]
    assert kept["seed"] == 4


def test_infinity_and_nan_can_be_written_as_json():
    result = learn.check("09.temperature", lambda *_: np.array([np.nan, np.inf, 1.0]))
    assert json.dumps(result.to_dict(), allow_nan=False)
    assert result.to_dict()["got"] == ["nan", "inf", 1.0]


def test_the_same_seed_gives_the_same_result_and_another_seed_other_inputs():
    def nearly(logits, T, k, u):  # noqa: N803
        return right(logits, T, k, u) if len(logits) < 20 else 0

    first, again, other = (
        {**learn.check("09.sample", nearly, seed).to_dict(), "seconds": 0} for seed in (1, 1, 2)
    )
    assert first == again
    assert first["input"] != other["input"]


def test_the_stub_is_not_attempted_and_says_what_to_do():
    stub = learn.todo()
    assert not stub
    assert "to do" in repr(stub)
    with pytest.raises(mg.MicrogptError, match=r"in place of mg\.learn\.todo"):
        stub(1, 2)
    for answer in (stub, lambda *_: stub, lambda *_: stub(), ...):
        result = learn.check("09.sample", answer)
        assert result.state == "not attempted"
        assert not result
        assert "stub" in repr(result)
    with pytest.raises(learn.WrongAnswer, match="not attempted"):
        learn.check("09.top_k", stub).raise_if_wrong()


def test_a_card_is_words_and_symbols_and_escaped():
    evil = "<img src=x onerror=alert(1)>"
    result = learn.check("09.sample", lambda *_: evil)
    html = result._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html
    assert "✗ Not yet" in html
    assert "var(--jp-ui-font-color1" in html
    assert "✓ Correct" in learn.check("09.sample", right)._repr_html_()
    assert "○ Not attempted" in learn.check("09.sample", learn.todo())._repr_html_()
    lines = repr(result).splitlines()
    assert lines[0] == "✗ Not yet · 09.sample"
    assert any(line.strip().startswith("usual cause:") for line in lines)


def test_hints_come_one_after_the_other(monkeypatch):
    from microgpt.learn import notes

    notes._given.clear()
    texts = find("09.sample").hints
    assert [str(learn.hint("09.sample")) for _ in range(4)] == [*texts, texts[2]]
    assert str(learn.hint("09.sample", tier=1)) == texts[0]
    assert repr(learn.hint("09.sample", 2)).startswith("Hint 2 of 3 for 09.sample, the method\n")
    assert "role=" in learn.hint("09.sample", 2)._repr_html_()
    for tier in (0, 4, "one"):
        with pytest.raises(mg.SettingError, match="tier 1 to 3"):
            learn.hint("09.sample", tier)


def test_solutions_can_be_kept_by_the_teacher(monkeypatch):
    monkeypatch.delenv("MICROGPT_SOLUTIONS", raising=False)
    assert "def sample" in learn.solution("09.sample")
    monkeypatch.setenv("MICROGPT_SOLUTIONS", "off")
    assert str(learn.solution("09.sample")) == "Your teacher has them."
    assert "def sample" not in learn.solution("09.sample")._repr_html_()


def test_unknown_ids_and_seeds_are_refused():
    with pytest.raises(mg.SettingError, match=r"no exercise '09\.smaple'; known: 00\.first_change"):
        learn.check("09.smaple", right)
    for seed in (-1, 1.5, True):
        with pytest.raises(mg.SettingError, match="seed must be"):
            learn.check("09.sample", right, seed)


# Answers that do harm.


def for_ever(*arguments):
    while True:
        pass


def test_an_endless_answer_costs_three_seconds():
    start = time.monotonic()
    result = learn.check("09.sample", for_ever)
    assert time.monotonic() - start < 5
    assert result.property == "Your answer comes back within 3 seconds."
    assert result.input["u"] == 0.7
    assert learn.check("09.sample", right)


@pytest.fixture
def quick(monkeypatch):
    """A limit of 0.4 seconds."""
    monkeypatch.setattr("microgpt.learn.watchdog.LIMIT", 0.4)


def catches_errors(*arguments):
    while True:
        try:
            while True:
                pass
        except Exception:
            pass


def returns_when_stopped(*arguments):
    try:
        while True:
            pass
    except BaseException:
        return 0


class Endless:
    def __repr__(self):
        while True:
            pass


@pytest.mark.parametrize(
    "answer", [catches_errors, returns_when_stopped, lambda *_: Endless()], ids=lambda f: f.__name__
)
def test_stubborn_answers_are_stopped(quick, answer):
    threads = threading.active_count()
    result = learn.check("09.sample", answer)
    assert result.state == "not yet"
    assert "comes back within" in result.property
    assert "was stopped" in result.cause
    assert threading.active_count() == threads


def test_an_answer_that_cannot_be_stopped_is_left_behind_and_said(quick):
    release = threading.Event()
    result = learn.check("09.sample", lambda *_: release.wait(60))
    release.set()
    assert "could not be stopped" in result.cause
    assert "Restart the kernel" in result.cause


@pytest.mark.parametrize(
    "kind", [SystemExit, KeyboardInterrupt, MemoryError, GeneratorExit, ZeroDivisionError]
)
def test_whatever_an_answer_raises_becomes_a_card(kind):
    def answer(*arguments):
        raise kind("on purpose")

    result = learn.check("09.sample", answer)
    assert result.got == f"{kind.__name__}: on purpose"
    assert kind.__name__ in result.cause


def test_deep_recursion_becomes_a_card():
    def answer(*arguments):
        return answer(*arguments)

    assert "RecursionError" in learn.check("09.sample", answer).got


def test_an_answer_gets_copies_and_must_not_change_them():
    def answer(logits, T):  # noqa: N803
        logits /= T
        exponentials = np.exp(logits - logits.max())
        return exponentials / exponentials.sum()

    result = learn.check("09.temperature", answer)
    assert result.state == "not yet"
    assert "changed an argument" in result.cause
    assert find("09.temperature").example.arguments[0].tolist() == [2.0, 1.0, 0.1]


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (None, "None: a `return` is missing"),
        ("seven", "of the type str"),
        (2.0, "of the type float"),
        ([1, 2], "of the type list"),
    ],
)
def test_results_of_another_kind(value, cause):
    result = learn.check("09.sample", lambda *_: value)
    assert cause in result.cause
    assert result.expected == "a whole number, an int"


@pytest.mark.parametrize("kind", [int, np.int32, np.int64, np.array])
def test_a_token_may_be_any_whole_number(kind):
    assert learn.check("09.sample", lambda *arguments: kind(right(*arguments)))


def test_a_tensor_is_an_array_too():
    def answer(logits, T):  # noqa: N803
        return mg.Tensor(logits / T).softmax()

    assert learn.check("09.temperature", answer)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_ctrl_c_interrupts_the_check_and_stops_the_answer():
    code = """
import os, signal, threading, time
from microgpt import learn
def answer(*arguments):
    while True: pass
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
start = time.monotonic()
try:
    learn.check("09.sample", answer)
except KeyboardInterrupt:
    time.sleep(0.2)
    print("interrupted", time.monotonic() - start < 2.5, threading.active_count())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout.split() == ["interrupted", "True", "1"], run.stderr
    assert signal.SIGINT


def test_four_checks_at_once_do_not_disturb_each_other():
    results = {}

    def work(place):
        answer = right if place % 2 else id_order
        results[place] = [learn.check("09.sample", answer).state for _ in range(3)]

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {place: [("not yet", "correct")[place % 2]] * 3 for place in range(4)}
    assert type(sys.stdout).__name__ != "_Screen"

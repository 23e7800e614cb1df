"""Checking answers: results, cards, hints, and answers that do harm."""

# ruff: noqa: N803  (the temperature is T, as in the formula)

import json
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn import time_limit
from microgpt.learn.equality import snapshot, values_equal
from microgpt.learn.registry import find


def right(logits, T, k, u):
    return mg.next_token(logits, T, min(k, len(logits)), u=u).token


def id_order(logits, T, k, u):
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
    with pytest.raises(AssertionError, match=r"09\.sample: not yet\. Does not hold: The worked"):
        result.raise_if_wrong()
    snapshot = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert list(snapshot) == ["state", "property", "input", "got", "expected", "cause", "exercise",
                          "version", "seed", "seconds", "effect"]  # fmt: skip
    assert snapshot["input"]["logits"] == [1.0, 2.0, 0.1]
    assert snapshot["seed"] == 4


def test_infinity_and_nan_can_be_written_as_json():
    result = learn.check("09.temperature", lambda *_: np.array([np.nan, np.inf, 1.0]))
    assert json.dumps(result.to_dict(), allow_nan=False)
    assert result.to_dict()["got"] == ["nan", "inf", 1.0]


def test_the_same_seed_gives_the_same_result_and_another_seed_other_inputs():
    def nearly(logits, T, k, u):
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
    assert lines[1] == "  does not hold: The worked example comes out."
    assert "<em>does not hold:</em> The worked example comes out." in html
    assert any(line.strip().startswith("usual cause:") for line in lines)


def test_hints_come_one_after_the_other(monkeypatch):
    from microgpt.learn import hints

    hints._given.clear()
    texts = find("09.sample").hints
    assert [str(learn.hint("09.sample")) for _ in range(4)] == [*texts, texts[2]]
    assert str(learn.hint("09.sample", tier=1)) == texts[0]
    assert repr(learn.hint("09.sample", 2)).startswith("Hint 2 of 3 for 09.sample, the method\n")
    assert "role=" in learn.hint("09.sample", 2)._repr_html_()
    for tier in (0, 4, "one", 2.0, True):
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
    start = time.process_time()
    result = learn.check("09.sample", for_ever)
    assert time.process_time() - start < 5
    assert result.property == "Your answer comes back within 3 seconds."
    assert result.input["u"] == 0.7
    assert learn.check("09.sample", right)


@pytest.fixture
def quick(monkeypatch):
    """A limit of 0.4 seconds of work and of 2 in all."""
    monkeypatch.setattr("microgpt.learn.time_limit.LIMIT", 0.4)
    monkeypatch.setattr("microgpt.learn.time_limit.CEILING", 2.0)


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
    def answer(logits, T):
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
    def answer(logits, T):
        return mg.Tensor(logits / T).softmax()

    assert learn.check("09.temperature", answer)


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_ctrl_c_interrupts_the_check_and_stops_the_answer():
    code = """
import os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # deaf where tests run in the background
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


SAMPLE, TOP_K = find("09.sample").solution, find("09.top_k").solution
OTHERS_CAUSES = [
    ("09.sample", lambda logits, T, k, u: int(np.argmax(logits))),
    ("09.sample", lambda logits, T, k, u: 1),
    ("09.sample", lambda logits, T, k, u: SAMPLE(logits, T, max(1, k - 1), u)),
    ("09.sample", lambda logits, T, k, u: SAMPLE(logits, T, len(logits), u)),
    ("09.temperature", lambda logits, T: find("09.temperature").solution(logits, 1.0)),
    ("09.top_k", lambda chances, k: TOP_K(chances, max(1, k - 1))),
    ("09.top_k", lambda chances, k: chances),
]


@pytest.mark.parametrize(("id", "answer"), OTHERS_CAUSES)
def test_a_mistake_that_nobody_named_gets_no_other_mistakes_cause(id, answer):
    for seed in range(3):
        result = learn.check(id, answer, seed)
        assert result.state == "not yet"
        assert result.cause not in [wrong.cause for wrong in find(id).wrong]


def test_without_temperature_and_temperature_too_late_look_alike():
    def without(logits, T, k, u):
        return SAMPLE(logits, 1.0 if T else 0, k, u)

    assert "T has no effect in yours: it is left out, or" in learn.check("09.sample", without).cause


def test_the_input_on_a_card_is_a_copy():
    def in_place(logits, T):
        logits /= T
        return find("09.temperature").solution(logits, 1.0)

    result = learn.check("09.temperature", in_place)
    in_place(**result.input)
    result.input["logits"][:] = 7
    wrong = learn.check("09.temperature", lambda *_: [1.0, 0.0, 0.0])
    wrong.expected[:] = 7
    assert learn.check("09.temperature", find("09.temperature").solution)


@pytest.mark.parametrize("rest", [NotImplementedError, ..., learn.todo()])
def test_a_partly_written_answer_is_not_the_stub(rest):
    def answer(logits, T, k, u):
        if T:
            return right(logits, T, k, u)
        if rest is NotImplementedError:
            raise rest
        return rest

    result = learn.check("09.sample", answer)
    assert result.state == "not yet"
    assert "One way through your function is still unwritten" in result.cause
    assert result.input["T"] == 0


class Hostile:
    def __repr__(self):
        raise SystemExit(3)

    def __eq__(self, other):
        raise KeyError


def test_values_that_cannot_be_shown_become_cards():
    endless = []
    endless.append(endless)
    for value in (Hostile(), endless, {"a": endless}, (endless,)):
        result = learn.check("09.sample", lambda *_, value=value: value)
        assert result.state == "not yet"
        assert result._repr_html_()
        assert json.dumps(result.to_dict())
    assert snapshot(Hostile()) == "a Hostile that cannot be shown"
    assert snapshot(endless) == "[[...]]"


def test_what_is_the_same():
    yes = np.array([True, False])
    assert values_equal(yes, yes.copy())
    assert values_equal(yes, np.array([1, 0]))
    assert not values_equal(yes, ~yes)
    assert values_equal(True, True)
    assert not values_equal(True, False)
    assert values_equal([3.0, 4.0], np.array([3.0, 4.0]))
    assert not values_equal([3.0, 4.0], np.array([3.0, 5.0]))
    assert not values_equal([[1.0], [2.0, 3.0]], np.ones(3))
    assert not values_equal(np.ones(2), "11")
    assert not values_equal(np.ones(2), Hostile())


def test_masks_may_be_given():
    exercise = learn.Exercise(
        id="w.masked", signature="masked(x, mask) -> x", shapes="", statement="", difficulty=1,
        importance=1, minutes=1, needs=(), hints=("a", "b", "c"), wrong=(),
        solution=lambda x, mask: np.where(mask, x, 0.0),
        properties=(learn.Property("It masks.", lambda rng: [(np.ones(1), np.array([True]))]),),
        example=learn.Example((np.ones(2), np.array([True, False])), np.array([1.0, 0.0])),
    )  # fmt: skip
    assert learn.check(exercise, exercise.solution)


def test_an_answer_computes_on_numpy_so_that_nothing_is_compiled():
    backends = set()

    def answer(*arguments):
        backends.add(mg.backends.current().name)
        return right(*arguments)

    with mg.using("numba"):
        assert learn.check("09.sample", answer)
    assert backends == {"numpy"}


@pytest.mark.skipif(not hasattr(time, "pthread_getcpuclockid"), reason="only the clock is known")
def test_the_limit_is_of_work_and_waiting_has_a_ceiling():
    waits = time_limit.TimeLimitedCall(lambda: time.sleep(0.6), limit=0.3, ceiling=30.0)
    assert waits.run() == "done"
    works = time_limit.TimeLimitedCall(lambda: for_ever(), limit=0.3, ceiling=30.0)
    assert works.run() == "stopped"
    start = time.monotonic()
    sleeps = time_limit.TimeLimitedCall(lambda: [time.sleep(0.01) for _ in range(6000)], 30.0, ceiling=0.3)
    assert sleeps.run() == "stopped"
    assert time.monotonic() - start < 20


def test_what_is_written_past_print_is_dropped_too(capfd):
    def answer(*arguments):
        sys.stdout.writelines(["leak\n"])
        getattr(sys.stdout, "buffer", sys.stdout).writelines([b"leak\n"])
        return right(*arguments)

    assert learn.check("09.sample", answer)
    assert capfd.readouterr().out == ""


def test_checks_side_by_side_leave_the_size_of_stacks_alone():
    before = threading.stack_size()
    work = [threading.Thread(target=learn.check, args=("09.top_k", TOP_K)) for _ in range(8)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert threading.stack_size() == before

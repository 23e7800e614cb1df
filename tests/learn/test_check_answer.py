"""`check`: correct, not yet or not attempted, whatever the answer does."""

import json
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from exercise_answers import TEMPERATURE, TOP_K, correct_sample, endless, id_order_sample

import microgpt as mg
from microgpt import learn
from microgpt.learn.mute_output import MutableStream
from microgpt.learn.registry import find_exercise


def test_a_correct_answer():
    result = learn.check("09.sample", correct_sample)
    assert result
    assert result.state == "correct"
    result.raise_if_wrong()
    assert (result.exercise, result.version, result.seed) == ("09.sample", mg.__version__, 0)


def test_a_wrong_answer_gets_the_smallest_input_and_its_cause():
    result = learn.check("09.sample", id_order_sample, seed=4)
    assert not result
    assert result.state == "not yet"
    assert result.got == 1
    assert result.expected == 0
    assert list(result.input) == ["logits", "T", "k", "u"]
    assert id_order_sample(**result.input) == result.got
    assert "Sort them by probability first, the largest first" in result.cause
    message = r"09\.sample: not yet\. Goal not reached yet: The worked"
    with pytest.raises(AssertionError, match=message):
        result.raise_if_wrong()


def test_the_same_seed_gives_the_same_result_and_another_seed_other_inputs():
    def wrong_for_large_vocabularies(logits, T, k, u):
        is_small = len(logits) < 20 or len(set(logits)) < 20  # what every seed tries
        return correct_sample(logits, T, k, u) if is_small else 0

    first, again, other = (
        {**learn.check("09.sample", wrong_for_large_vocabularies, seed).to_dict(), "seconds": 0}
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first["input"] != other["input"]


def test_a_learner_may_change_what_a_result_shows():
    """The worked example's arguments are the exercise's own."""
    first = learn.check("09.temperature", lambda logits, T: logits)
    shown = repr(first)
    first.input["logits"][...] = 99
    first.got[...] = 99
    first.expected[...] = 99
    assert repr(learn.check("09.temperature", lambda logits, T: logits)) == shown
    assert learn.check("09.temperature", TEMPERATURE)


def test_unknown_ids_and_invalid_seeds_raise():
    with pytest.raises(mg.SettingError, match=r"one of '00\.first_change', .*; got '09\.smaple'"):
        learn.check("09.smaple", correct_sample)
    for seed in (-1, 1.5, True):
        with pytest.raises(mg.SettingError, match="seed must be a non-negative integer"):
            learn.check("09.sample", correct_sample, seed)


def test_an_answer_computes_on_numpy_so_that_nothing_is_compiled():
    backends = set()

    def answer(*arguments):
        backends.add(mg.backends.current().name)
        return correct_sample(*arguments)

    with mg.using("numba"):
        assert learn.check("09.sample", answer)
    assert backends == {"numpy"}


def test_a_tensor_is_an_array_too():
    def answer(logits, T):
        return mg.Tensor(logits / T).softmax()

    assert learn.check("09.temperature", answer)


# Answers that do harm.


@pytest.mark.slow
def test_an_endless_answer_costs_three_seconds():
    start = time.process_time()
    result = learn.check("09.sample", endless)
    assert time.process_time() - start < 5
    assert result.property == "Your answer comes back within 3 seconds."
    assert result.input["u"] == 0.7
    assert learn.check("09.sample", correct_sample)


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


class EndlessRepr:
    def __repr__(self):
        while True:
            pass


@pytest.mark.parametrize(
    "answer",
    [catches_errors, returns_when_stopped, lambda *_: EndlessRepr()],
    ids=lambda function: function.__name__,
)
def test_stubborn_answers_are_stopped(short_limits, answer):
    threads = threading.active_count()
    result = learn.check("09.sample", answer)
    assert result.state == "not yet"
    assert "comes back within" in result.property
    assert "was stopped" in result.cause
    assert threading.active_count() == threads


def test_an_answer_that_cannot_be_stopped_is_abandoned(short_limits):
    release = threading.Event()
    result = learn.check("09.sample", lambda *_: release.wait(60))
    release.set()
    assert "could not be stopped" in result.cause
    assert "Restart the kernel" in result.cause


@pytest.mark.parametrize(
    "error", [SystemExit, KeyboardInterrupt, MemoryError, GeneratorExit, ZeroDivisionError]
)
def test_whatever_an_answer_raises_becomes_a_card(error):
    def answer(*arguments):
        raise error("on purpose")

    result = learn.check("09.sample", answer)
    assert result.got == f"{error.__name__}: on purpose"
    assert error.__name__ in result.cause


def test_deep_recursion_becomes_a_card():
    def answer(*arguments):
        return answer(*arguments)

    assert "RecursionError" in learn.check("09.sample", answer).got


class HostileResult:
    def __repr__(self):
        raise SystemExit(3)

    def __eq__(self, other):
        raise KeyError


def test_results_that_cannot_be_shown_become_cards():
    recursive = []
    recursive.append(recursive)
    for value in (HostileResult(), recursive, {"a": recursive}, (recursive,)):
        result = learn.check("09.sample", lambda *_, value=value: value)
        assert result.state == "not yet"
        assert result._repr_html_()
        assert json.dumps(result.to_dict())


@pytest.mark.skipif(os.name == "nt", reason="signals are sent differently there")
def test_ctrl_c_interrupts_the_check_and_stops_the_answer():
    code = """
import os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in background
from microgpt import learn
def answer(*arguments):
    while True: pass
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    learn.check("09.sample", answer)
except KeyboardInterrupt:
    time.sleep(0.2)
    print("interrupted", threading.active_count())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.stdout.split() == ["interrupted", "1"], run.stderr


def test_concurrent_checks_do_not_disturb_each_other():
    states = {}

    def check(index):
        answer = correct_sample if index % 2 else id_order_sample
        states[index] = [learn.check("09.sample", answer).state for _ in range(3)]

    threads = [threading.Thread(target=check, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == {index: [("not yet", "correct")[index % 2]] * 3 for index in range(4)}
    assert not isinstance(sys.stdout, MutableStream)


def test_concurrent_checks_leave_the_stack_size_alone():
    before = threading.stack_size()
    threads = [threading.Thread(target=learn.check, args=("09.top_k", TOP_K)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert threading.stack_size() == before


# Inputs, and answers that are only partly written.


def test_an_answer_gets_copies_and_must_not_modify_them():
    def answer(logits, T):
        logits /= T
        exponentials = np.exp(logits - logits.max())
        return exponentials / exponentials.sum()

    result = learn.check("09.temperature", answer)
    assert result.state == "not yet"
    assert "changed an argument" in result.cause
    example = find_exercise("09.temperature").example
    assert example.arguments[0].tolist() == [2.0, 1.0, 0.1, -1.0]


def test_the_input_on_a_card_is_a_copy():
    def modifies_input(logits, T):
        logits /= T
        return TEMPERATURE(logits, 1.0)

    result = learn.check("09.temperature", modifies_input)
    modifies_input(**result.input)
    result.input["logits"][:] = 7
    wrong = learn.check("09.temperature", lambda *_: [1.0, 0.0, 0.0])
    wrong.expected[:] = 7
    assert learn.check("09.temperature", TEMPERATURE)


def test_masks_may_be_arguments():
    exercise = learn.Exercise(
        id="w.masked", signature="masked(x, mask) -> x", shapes="", statement="", difficulty=1,
        importance=1, minutes=1, prerequisites=(), hints=("a", "b", "c"), common_mistakes=(),
        solution=lambda x, mask: np.where(mask, x, 0.0),
        properties=(learn.Property("It masks.", lambda rng: [(np.ones(1), np.array([True]))]),),
        example=learn.Example((np.ones(2), np.array([True, False])), np.array([1.0, 0.0])),
    )  # fmt: skip
    assert learn.check(exercise, exercise.solution)


@pytest.mark.parametrize("rest", [NotImplementedError, ..., learn.todo()])
def test_a_partly_written_answer_is_not_the_stub(rest):
    def answer(logits, T, k, u):
        if T:
            return correct_sample(logits, T, k, u)
        if rest is NotImplementedError:
            raise rest
        return rest

    result = learn.check("09.sample", answer)
    assert result.state == "not yet"
    assert "One way through your function is still unwritten" in result.cause
    assert result.input["T"] == 0

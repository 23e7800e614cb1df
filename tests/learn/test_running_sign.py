"""The line below a cell while a check runs: at once, with the limits, and gone at the end."""

import pytest
from exercise_answers import correct_sample, endless

from microgpt import learn
from microgpt.learn import running_sign, time_limit
from microgpt.learn.registry import find_exercise
from microgpt.learn.running_sign import RunningSign


class Page:
    """A live notebook's page: each bundle that an output had, in order."""

    def __init__(self, monkeypatch):
        self.bundles = []
        monkeypatch.setattr(running_sign, "current_cell", lambda: ("cell", "run"))
        monkeypatch.setattr(running_sign, "display_above", self.display)

    def display(self, bundle):
        self.bundles.append(bundle)
        return self

    def update(self, bundle, raw):
        assert raw
        self.bundles.append(bundle)


@pytest.fixture
def page(monkeypatch):
    return Page(monkeypatch)


@pytest.fixture
def every_call_is_slow(monkeypatch):
    monkeypatch.setattr(time_limit, "SLOW_AFTER", 0)


def test_an_endless_answer_is_announced_with_its_limits_and_leaves_nothing(page, short_limits):
    result = learn.check("09.sample", endless)
    assert "was stopped" in result.cause
    shown, left = page.bundles
    for text in shown.values():
        assert "09.sample" in text
        assert "after 0.4 seconds of computing, or after 2 seconds if" in text
    assert left == {}


def test_the_line_goes_if_the_check_is_interrupted(page, every_call_is_slow, monkeypatch):
    def interrupted(call):
        call.on_slow()
        raise KeyboardInterrupt

    monkeypatch.setattr(time_limit.TimeLimitedCall, "_wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        learn.check("09.sample", endless)
    assert len(page.bundles) == 2
    assert page.bundles[-1] == {}


def test_an_answer_that_comes_back_at_once_is_not_announced(page, monkeypatch):
    monkeypatch.setattr(time_limit, "SLOW_AFTER", 60)
    assert learn.check("09.sample", correct_sample)
    assert page.bundles == []


def test_nobody_looks_at_a_notebook_that_a_program_executes(page, monkeypatch):
    monkeypatch.setattr(running_sign, "current_cell", lambda: None)
    sign = RunningSign(find_exercise("09.sample"))
    sign.show()
    sign.remove()
    assert page.bundles == []


def test_a_second_call_of_the_same_check_shows_no_second_line(page):
    sign = RunningSign(find_exercise("09.sample"))
    sign.show()
    sign.show()
    assert len(page.bundles) == 1

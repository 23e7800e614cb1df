"""What an answer prints is dropped."""

import sys
import threading

from exercise_answers import correct_sample

from microgpt import learn
from microgpt.learn.mute_output import MutableStream, mute, unmute


def test_an_answers_prints_are_dropped(capsys):
    def prints(*arguments):
        print("noise")
        print("more", file=sys.stderr)
        return correct_sample(*arguments)

    assert learn.check("09.sample", prints)
    assert capsys.readouterr() == ("", "")
    print("heard again")
    assert capsys.readouterr().out == "heard again\n"


def test_what_is_written_past_print_is_dropped_too(capfd):
    def writes(*arguments):
        sys.stdout.writelines(["leak\n"])
        getattr(sys.stdout, "buffer", sys.stdout).writelines([b"leak\n"])
        return correct_sample(*arguments)

    assert learn.check("09.sample", writes)
    assert capfd.readouterr().out == ""


def test_answers_may_print_where_there_is_no_console(monkeypatch):
    def prints(*arguments):
        print("noise", flush=True)
        return correct_sample(*arguments)

    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    assert learn.check("09.sample", prints)
    assert sys.stdout is None


def test_one_thread_that_ends_does_not_let_another_print(capsys):
    first, second = 1, threading.get_ident()
    mute(first)
    mute(second)
    try:
        unmute(first)
        print("still muted")
        assert capsys.readouterr().out == ""
    finally:
        unmute(second)
    print("heard")
    assert capsys.readouterr().out == "heard\n"
    assert not isinstance(sys.stdout, MutableStream)

"""`todo()`: the stub that stands for an answer until the learner has written one."""

from typing import Any, NoReturn

from microgpt.learn.messages import message_section
from microgpt.learn.results import NotAttempted


class AnswerStub:
    """Falsy, so that `if my_run:` skips it; calling it says what is still to be written."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return message_section("stub")["repr"]

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotAttempted(message_section("stub")["called"])


_STUB = AnswerStub()


def todo() -> AnswerStub:
    """The stub of an exercise: put your own answer in its place."""
    return _STUB


def is_stub(value: Any) -> bool:
    """Whether a value is the stub, or one of Python's own signs for "not implemented"."""
    return isinstance(value, AnswerStub) or value is Ellipsis or value is NotImplemented

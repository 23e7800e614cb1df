"""`todo()`: the placeholder for an answer until the learner has written one."""

from typing import Any, NoReturn

from microgpt.learn.messages import message_section
from microgpt.learn.results import NotAttempted


class AnswerStub:
    """The stub: falsy, so that `if my_run:` skips it; calling it raises NotAttempted."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return message_section("stub")["repr"]

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotAttempted(message_section("stub")["called"])


_STUB = AnswerStub()


def todo() -> AnswerStub:
    """Return the stub of an exercise; replace it by your own answer."""
    return _STUB


def is_stub(value: Any) -> bool:
    """Whether a value is the stub, `...` or NotImplemented."""
    return isinstance(value, AnswerStub) or value is Ellipsis or value is NotImplemented

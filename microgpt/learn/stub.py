"""`todo()`: what stands in a notebook until the learner has written something better."""

from typing import Any, NoReturn

from microgpt.learn.messages import format_message
from microgpt.learn.results import NotAttempted


class Todo:
    """Falsy, so `if my_run:` skips it; calling it says what is still to be done."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return format_message("stub", "shown")

    def __call__(self, *arguments: Any, **named: Any) -> NoReturn:
        raise NotAttempted(format_message("stub", "called"))


_STUB = Todo()


def todo() -> Todo:
    """The stub of an exercise: put your own answer in its place."""
    return _STUB


def is_stub(value: Any) -> bool:
    """Whether that is still the stub, or Python's own sign for "to be written"."""
    return isinstance(value, Todo) or value is Ellipsis or value is NotImplemented

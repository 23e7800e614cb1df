"""Errors raised on purpose: what was expected, what came, what to do.

An error keeps the settings that it is about as fields, so that the command line can write it with
its own options: `n_embd=0` here is `--n-embd 0` there.
"""

import re
from collections.abc import Iterable, Sequence
from numbers import Number
from typing import Any

MAX_VALUE_LENGTH = 80  # characters
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MISSING = object()


class Described(str):
    """What came, in words, where the value itself would say nothing: "shape (2, 3)"."""


class Notation:
    """How settings and their values are written in an error: here as in Python, n_embd=0."""

    def has(self, name: str) -> bool:
        """Whether there is a setting of that name."""
        return True

    def setting(self, name: str) -> str:
        return name

    def assignment(self, name: str, value: Any) -> str:
        return f"{name}={self.value(value)}"

    def value(self, value: Any) -> str:
        """At most MAX_VALUE_LENGTH characters; a type by its name, a number as it is printed."""
        if isinstance(value, Described):
            return str(value)
        if isinstance(value, type):
            return value.__name__
        return shorten(str(value) if isinstance(value, Number) else repr(value))


PYTHON = Notation()


class MicrogptError(Exception):
    """The root: `except MicrogptError` catches whatever this package refuses on purpose.

    `remedy` is what to do, or alternatives. {names} in it are settings, {name} with a value in
    `settings` is that setting with that value. Alternatives that need a setting which the
    notation does not have are left out.
    """

    def __init__(self, message: str = "", remedy: str | Sequence[str] = (), **settings: Any):
        super().__init__(message)
        self.message, self.settings = message, settings
        self.remedies = (remedy,) if isinstance(remedy, str) else tuple(remedy)

    def __str__(self) -> str:
        return self.render(PYTHON)

    def render(self, notation: Notation) -> str:
        """The error as one sentence, its settings as this notation writes them."""
        remedies = [
            self._fill(remedy, notation)
            for remedy in self.remedies
            if all(map(notation.has, _PLACEHOLDER.findall(remedy)))
        ]
        parts = [self._statement(notation), _join(remedies, ", or ")]
        return "; ".join(part for part in parts if part)

    def _statement(self, notation: Notation) -> str:
        return self.message

    def _fill(self, template: str, notation: Notation) -> str:
        """The template with its {settings} written out."""

        def write(match: re.Match[str]) -> str:
            name = match[1]
            if name in self.settings:
                return notation.assignment(name, self.settings[name])
            return notation.setting(name)

        return _PLACEHOLDER.sub(write, template)


class SettingError(MicrogptError, ValueError):
    """An argument outside its range: its name, what was expected, what came, what to do.

    "`name` must be `expected`; got `got`; `remedy`". With `choices` these are what is expected,
    and the nearest to what came is suggested. Several names are one error about all of them, `got`
    then has a value for each. `expected` and `remedy` may hold {names} of other settings.
    """

    def __init__(
        self,
        name: str | Sequence[str],
        expected: str = "",
        got: Any = _MISSING,
        remedy: str | Sequence[str] = (),
        *,
        choices: Iterable[Any] = (),
        **settings: Any,
    ):
        super().__init__("", remedy, **settings)
        self.names = (name,) if isinstance(name, str) else tuple(name)
        self.expected, self.got, self.choices = expected, got, tuple(choices)
        self.args = (str(self),)

    @property
    def name(self) -> str:
        """The setting that it is about, the first of several."""
        return self.names[0]

    def render(self, notation: Notation) -> str:
        sentence = super().render(notation)
        nearest = closest(self.got, self.choices)
        return sentence + did_you_mean(nearest and notation.value(nearest))

    def _statement(self, notation: Notation) -> str:
        subject = _join([notation.setting(name) for name in self.names], " and ")
        parts = [self._fill(self.expected, notation)] if self.expected else []
        if self.choices:
            parts.append(f"one of {', '.join(map(notation.value, self.choices))}")
        statement = f"{subject} must be {', or '.join(parts)}" if parts else subject
        if self.got is _MISSING:
            return statement
        if len(self.names) == 1 or isinstance(self.got, Described):
            return f"{statement}; got {notation.value(self.got)}"
        pairs = zip(self.names, self.got, strict=True)
        return f"{statement}; got {', '.join(notation.assignment(*pair) for pair in pairs)}"


def shorten(text: str) -> str:
    """The text in at most MAX_VALUE_LENGTH characters."""
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[: MAX_VALUE_LENGTH - 1]}…"


def closest(word: Any, names: Iterable[Any]) -> str:
    """The name that is most like the word; empty if none is."""
    from difflib import get_close_matches

    if not isinstance(word, str):
        return ""
    by_small = {name.lower(): name for name in names if isinstance(name, str)}
    near = get_close_matches(word.lower(), by_small, n=1)
    return by_small[near[0]] if near else ""


def did_you_mean(name: str) -> str:
    """`; did you mean …?`, or nothing for no name."""
    return f"; did you mean {name}?" if name else ""


def _join(parts: Sequence[str], conjunction: str) -> str:
    """A list in a sentence: "a", "a and b", "a, b and c"."""
    return conjunction.join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


class ShapeError(MicrogptError, ValueError):
    """Arrays, or a configuration, whose sizes do not fit together."""


class SizeError(SettingError, ShapeError):
    """Settings whose sizes do not fit together, such as n_embd and n_head."""


class SettingWarning(MicrogptError, UserWarning):
    """Advice about a setting, for `warnings.warn`: what was asked is done all the same."""


class TokenError(MicrogptError, ValueError):
    """A character or token id that the vocabulary does not have."""


class FormatError(MicrogptError, ValueError):
    """A file that is not what its reader expects."""


class StateError(MicrogptError, RuntimeError):
    """A call that its object cannot answer in the state it is in."""


class DtypeError(MicrogptError, TypeError):
    """Tensors of different or unsupported number types in one operation."""


class DeviceError(MicrogptError, RuntimeError):
    """Tensors of different back ends in one operation."""


class CaptureError(MicrogptError, RuntimeError):
    """A function whose kernel launches cannot be recorded and replayed."""


class BackendUnavailable(MicrogptError, ImportError):
    """A back end that does not exist, or whose library is not installed."""


class NotWritable(MicrogptError, OSError):
    """A folder that a file cannot be saved in."""


class GradientError(MicrogptError, AssertionError):
    """A gradient that measuring does not confirm."""


class DownloadError(MicrogptError, OSError):
    """A file that could not be fetched, or that arrived damaged."""

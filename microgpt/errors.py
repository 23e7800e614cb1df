"""The package's exceptions; each message gives the expected value, the actual one and a remedy.

An error stores the settings it is about as fields, so that the command line can render it with its
own options: `n_embd=0` in Python is `--n-embd 0` there.
"""

import re
from collections.abc import Iterable, Sequence
from numbers import Number
from typing import Any

from microgpt.plain_text import join_and, join_words

MAX_VALUE_LENGTH = 80  # characters
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_MISSING = object()


class Described(str):
    """A description shown in place of an unhelpful `repr` of the value: "shape (2, 3)"."""


class Notation:
    """Formats settings and their values in error messages; this class as in Python, n_embd=0."""

    def has(self, name: str) -> bool:
        """Whether this notation has a setting of that name."""
        return True

    def setting(self, name: str) -> str:
        return name

    def assignment(self, name: str, value: Any) -> str:
        return f"{name}={self.value(value)}"

    def value(self, value: Any) -> str:
        """Format a value in at most MAX_VALUE_LENGTH characters: types by name, numbers by str."""
        if isinstance(value, Described):
            return str(value)
        if isinstance(value, type):
            return value.__name__
        try:
            return shorten(str(value) if isinstance(value, Number) else repr(value))
        except CaptureError:  # a tensor of a recording, whose numbers nobody may see
            return f"a {type(value).__name__}"


PYTHON = Notation()


class MicrogptError(Exception):
    """Base class of every exception that this package raises on purpose.

    `remedy` is one suggestion or several alternatives. A {name} in it is replaced by that setting,
    together with its value if `settings` has one. Alternatives are left out if they mention a
    setting that the notation does not have.
    """

    def __init__(self, message: str = "", remedy: str | Sequence[str] = (), **settings: Any):
        super().__init__(message)
        self.message, self.settings = message, settings
        self.remedies = (remedy,) if isinstance(remedy, str) else tuple(remedy)

    def __str__(self) -> str:
        return self.render(PYTHON)

    def render(self, notation: Notation) -> str:
        """Return the error as one sentence, with its settings in this notation."""
        remedies = [
            self._fill(remedy, notation)
            for remedy in self.remedies
            if all(map(notation.has, _PLACEHOLDER.findall(remedy)))
        ]
        parts = [self._statement(notation), join_words(remedies, ", or ")]
        return "; ".join(part for part in parts if part)

    def _statement(self, notation: Notation) -> str:
        return self.message

    def _fill(self, template: str, notation: Notation) -> str:
        """Return the template with its {settings} filled in."""

        def write(match: re.Match[str]) -> str:
            name = match[1]
            if name in self.settings:
                return notation.assignment(name, self.settings[name])
            return notation.setting(name)

        return _PLACEHOLDER.sub(write, template)


class SettingError(MicrogptError, ValueError):
    """An invalid argument; the message is "`name` must be `expected`; got `got`; `remedy`".

    With `choices`, the message lists them and suggests the one closest to `got`. For one error
    about several names, `got` has a value for each. `expected` and `remedy` may contain {names} of
    other settings.
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
        """The setting that the error is about; the first if there are several."""
        return self.names[0]

    def render(self, notation: Notation) -> str:
        sentence = super().render(notation)
        nearest = closest(self.got, self.choices)
        return sentence + did_you_mean(nearest and notation.value(nearest))

    def _statement(self, notation: Notation) -> str:
        subject = join_and(notation.setting(name) for name in self.names)
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
    """Truncate a text to MAX_VALUE_LENGTH characters."""
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[: MAX_VALUE_LENGTH - 1]}…"


def closest(word: Any, names: Iterable[Any]) -> str:
    """Return the name most similar to the word, "" if none is similar."""
    from difflib import get_close_matches

    if not isinstance(word, str):
        return ""
    by_small = {name.lower(): name for name in names if isinstance(name, str)}
    near = get_close_matches(word.lower(), by_small, n=1)
    return by_small[near[0]] if near else ""


def did_you_mean(name: str) -> str:
    """Return "; did you mean …?", or "" if the name is empty."""
    return f"; did you mean {name}?" if name else ""


class ShapeError(MicrogptError, ValueError):
    """Arrays, or sizes of a configuration, that do not fit together."""


class SizeError(SettingError, ShapeError):
    """Settings whose sizes do not fit together, such as n_embd and n_head."""


class SettingWarning(MicrogptError, UserWarning):
    """Advice about a setting, for `warnings.warn`; the call goes ahead unchanged."""


class TokenError(MicrogptError, ValueError):
    """A character or token id that is not in the vocabulary."""


class FormatError(MicrogptError, ValueError):
    """A file that is not in the expected format."""


class StateError(MicrogptError, RuntimeError):
    """A call that is not possible in the object's current state."""


class DtypeError(MicrogptError, TypeError):
    """Tensors of different or unsupported dtypes in one operation."""


class DeviceError(MicrogptError, RuntimeError):
    """Tensors of different back ends in one operation."""


class CaptureError(MicrogptError, RuntimeError):
    """A function whose kernel launches cannot be recorded and replayed."""


class BackendUnavailable(MicrogptError, ImportError):
    """A back end that does not exist, or whose library is not installed."""


class NotWritable(MicrogptError, OSError):
    """A folder in which no file can be written."""


class GradientError(MicrogptError, AssertionError):
    """A gradient that a numerical check (finite differences) does not confirm."""


class DownloadError(MicrogptError, OSError):
    """A file that could not be downloaded, or whose checksum is wrong."""


class KernelError(MicrogptError, RuntimeError):
    """A GPU kernel that cannot be run, or would not do the same on a GPU."""

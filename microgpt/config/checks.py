"""What every setting is checked with; what is wrong is said with what was expected."""

from numbers import Integral, Real
from typing import Any

from microgpt.errors import SettingError


def whole(name: str, value: Any, least: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise SettingError(f"{name} must be a whole number, {least} or above; got {value!r}")
    if int(value) >= 2**63:
        raise SettingError(f"{name} must be below 2**63; got {value!r}")


def number(name: str, value: Any) -> None:
    if not isinstance(value, Real) or isinstance(value, bool):
        raise SettingError(f"{name} must be a number; got {value!r}")


def known(name: str, value: Any, known: tuple) -> None:
    if value not in known:
        choices = ", ".join(repr(choice) for choice in known)
        raise SettingError(f"{name}={value!r} is not known; known: {choices}")

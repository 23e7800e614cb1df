"""The four dials of sampling: their ends, where they are off, and what they are called then."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from microgpt.config import SampleConfig
from microgpt.errors import SettingError
from microgpt.sampling import Walk
from microgpt.widgets.controls import Dial

SLIDER_RANKS = 100


@dataclass(frozen=True)
class Kind:
    """How a setting of `SampleConfig` is turned; at the value `off` it does nothing."""

    label: str
    least: float
    most: float
    step: float
    off: float
    none: Any

    def said(self, value: float, most: float) -> str:
        """What the dial is called at a value: "top-p (off)"."""
        return f"{self.label} (off)" if value == self.off else self.label

    def to_setting(self, value: float, most: float) -> Any:
        """What the sampler is given for a value on the dial."""
        return self.none if value == self.off else value

    def show(self, dial: Dial, walk: Walk, setting: Any) -> None:
        """Let a dial show where the walk's setting stands."""
        dial.value = self.off if setting == self.none else setting


@dataclass(frozen=True)
class Temperature(Kind):
    """The temperature is never off; at 0 it is greedy."""

    def said(self, value: float, most: float) -> str:
        return f"{self.label} (greedy)" if value == 0 else self.label


@dataclass(frozen=True)
class Ranks(Kind):
    """top-k, whose right end is the vocabulary: there it is off."""

    def said(self, value: float, most: float) -> str:
        return f"{self.label} (off)" if value >= most else self.label

    def to_setting(self, value: float, most: float) -> Any:
        return None if value >= most else int(value)

    def show(self, dial: Dial, walk: Walk, setting: Any) -> None:
        V = walk.origin.vocab_size
        dial.bounds(V if V <= SLIDER_RANKS else SLIDER_RANKS + 1, V)
        dial.value = V if setting is None else min(setting, V)


DIALS: dict[str, Kind] = {
    "temperature": Temperature("Temperature", 0.0, 2.0, 0.05, -1.0, None),
    "top_k": Ranks("top-k", 1, SLIDER_RANKS, 1, -1, None),
    "top_p": Kind("top-p", 0.05, 1.0, 0.01, 1.0, None),
    "min_p": Kind("min-p", 0.0, 0.5, 0.01, 0.0, 0.0),
}


def within_dials(settings: SampleConfig) -> SampleConfig:
    """Settings that the dials can show; others are refused."""
    for name, kind in DIALS.items():
        value = getattr(settings, name)
        if isinstance(kind, Ranks) or value == kind.none:
            continue
        if not kind.least <= value <= kind.most:
            raise SettingError(
                f"the dial {name} goes from {kind.least:g} to {kind.most:g}; got {value:g}"
            )
    return settings


def sample_dials(turned: Callable[[str, Any], None]) -> dict[str, Dial]:
    """The four dials; `turned(name, setting)` hears of it when one is moved."""

    def made(name: str, kind: Kind) -> Dial:
        return Dial(
            kind.said, kind.least, kind.most, kind.step,
            lambda value, most: turned(name, kind.to_setting(value, most)),
        )  # fmt: skip

    return {name: made(name, kind) for name, kind in DIALS.items()}

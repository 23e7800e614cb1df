"""`UsageReport`: what `using` found out about the learner's functions while a real model ran them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from microgpt.learn.html import note_card
from microgpt.learn.messages import pluralize, format_message

CLOSE = 1e-4  # relative: float32 in another order of sums stays well below
COMPARED = 10  # first calls, and first losses, that are compared with the library's


@dataclass
class CallStats:
    """One function: how often it ran, and how its first results compare."""

    calls: int = 0
    compared: int = 0
    difference: float = 0.0
    what: str = "values"
    trains: bool | None = None

    def compare(self, got: Any, expected: Any) -> None:
        """Count one more result, and by how much it differs (relative to 1 or to its size)."""
        got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
        self.compared += 1
        with np.errstate(all="ignore"):
            apart = np.abs(got - expected) / np.maximum(1.0, np.abs(expected))
        equal = (got == expected) | (np.isnan(got) & np.isnan(expected))
        worst = np.where(equal, 0.0, np.nan_to_num(apart, nan=np.inf)).max(initial=0.0)
        self.difference = max(self.difference, float(worst))


@dataclass
class UsageReport:
    """Calls, picks, losses and the first gradient, beside the library's; shows itself.

    `same` says whether everything that was compared agrees. `losses` and `picks` are pairs
    (yours, library's); `gradient` is the first one's relative error, None without training.
    """

    tallies: dict[str, CallStats] = field(default_factory=dict)
    losses: list[tuple[float, float]] = field(default_factory=list)
    picks: list[tuple[int, int]] = field(default_factory=list)
    gradient: float | None = None

    @property
    def calls(self) -> dict[str, int]:
        """How often each function ran."""
        return {name: tally.calls for name, tally in self.tallies.items()}

    @property
    def same(self) -> bool:
        """Whether everything compared so far agrees with the library."""
        return (
            all(tally.difference <= CLOSE for tally in self.tallies.values())
            and all(yours == library for yours, library in self.picks)
            and self._loss_difference() <= CLOSE
            and (self.gradient is None or self.gradient <= 10 * CLOSE)
        )

    def _loss_difference(self) -> float:
        apart = [abs(yours - library) for yours, library in self.losses]
        return max([np.inf if np.isnan(one) else one for one in apart], default=0.0)

    def __str__(self) -> str:
        parts = [part for name in self.tallies for part in self._function(name)]
        text = "; ".join([*parts, *self._picked(), *self._trained()])
        return text[:1].upper() + text[1:] + "." if text else ""

    def _function(self, name: str) -> list[str]:
        tally = self.tallies[name]
        ran = pluralize(tally.calls, "time")
        parts = [format_message("using", "ran", name=name, count=ran)]
        if tally.trains is not None:
            parts.append(format_message("using", "trains" if tally.trains else "evaluates"))
        if tally.compared:
            key = tally.what if tally.difference <= CLOSE else f"{tally.what}_differ"
            things = "chances" if tally.what == "chances" else "results"
            some = "first" if tally.compared < tally.calls else "all"
            which = format_message("using", some, count=tally.compared, things=things)
            parts.append(format_message("using", key, which=which, difference=tally.difference))
        return parts

    def _picked(self) -> list[str]:
        wrong = [(place, *pair) for place, pair in enumerate(self.picks) if pair[0] != pair[1]]
        if not self.picks:
            return []
        count = len(self.picks)
        if not wrong:
            return [format_message("using", "picks", count=count)]
        place, got, expected = wrong[0]
        return [
            format_message(
                "using",
                "picks_differ",
                wrong=len(wrong),
                count=count,
                place=place + 1,
                got=got,
                expected=expected,
            )
        ]

    def _trained(self) -> list[str]:
        parts = []
        if self.losses:
            yours, library = self.losses[-1]
            apart = self._loss_difference()
            key = "losses" if apart <= CLOSE else "losses_differ"
            count = len(self.losses)
            parts.append(
                format_message("using", key, yours=yours, library=library, count=count, difference=apart)
            )
        if self.gradient is not None:
            key = "gradient" if self.gradient <= 10 * CLOSE else "gradient_differs"
            parts.append(format_message("using", key, share=self.gradient))
        return parts

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return note_card(", ".join(self.tallies), str(self), code=False)

"""`Walk`: a text drawn letter by letter, in which every step can be looked at and taken back.

Nothing here changes: each method returns another walk.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from microgpt.config import SampleConfig
from microgpt.errors import SettingError
from microgpt.sampling.logits_source import Origin
from microgpt.sampling.token_sampler import SampledToken, next_token, uniform

LETTERS = 16
PLAIN = SampleConfig()


@dataclass(frozen=True)
class Turn:
    """The dart of one letter: how often it was rolled, or where a hand put it."""

    roll: int = 0
    placed: float | None = None


@dataclass(frozen=True)
class Crossing:
    """A dial moved, the dart stayed, and the pick changed because an edge passed the dart.

    `edge` is the token whose upper edge moved from `before` to `after` on the strip.
    """

    old: int
    new: int
    edge: int
    before: float
    after: float


@dataclass(frozen=True)
class Drawn:
    """A letter that was accepted, and what is needed to take it back."""

    token: int
    turn: Turn
    dials: SampleConfig
    crossing: Crossing | None


@dataclass(frozen=True)
class Walk:
    """A text that grows by the rules of `generate`, and the choice it stands before.

    `prompt` is the text given; `dice` the seed of all darts; at most 16 letters are drawn. The
    dart of position t is `uniform(dice, t, roll)` or put there by hand; no dial moves it.
    """

    origin: Origin
    prompt: str = ""
    dials: SampleConfig = PLAIN
    dice: int = 1
    drawn: tuple[Drawn, ...] = ()
    turn: Turn = Turn()
    crossing: Crossing | None = None
    reach: int = 0  # how many letters were asked for: another dice set draws as many again
    given: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        uniform(self.dice, 0)
        object.__setattr__(self, "given", self.origin.start(self.prompt))

    @property
    def tokens(self) -> tuple[int, ...]:
        """The whole text so far, its beginning mark counted."""
        return self.given + tuple(letter.token for letter in self.drawn)

    @property
    def text_tokens(self) -> tuple[int, ...]:
        """The text so far as a reader sees it: what was typed, then what was drawn."""
        drawn = [letter.token for letter in self.drawn if letter.token != self.origin.stop]
        return (*self.origin.shown_start(self.prompt), *drawn)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(map(self.origin.label, self.text_tokens))

    @property
    def ended(self) -> bool:
        """Whether the end mark was drawn."""
        return bool(self.drawn) and self.drawn[-1].token == self.origin.stop

    @property
    def finished(self) -> bool:
        """Whether no letter can follow."""
        return self.ended or len(self.drawn) >= LETTERS

    @property
    def shown(self) -> "Walk":
        """The walk whose choice is to be looked at: a finished one stands at its last letter."""
        return self.back() if self.finished else self

    @property
    def u(self) -> float:
        """Where the dart of the next letter is."""
        if self.turn.placed is not None:
            return self.turn.placed
        return uniform(self.dice, len(self.tokens), self.turn.roll)

    @cached_property
    def choice(self) -> SampledToken:
        """The choice of the next letter, with everything that led to it."""
        return next_token(self._logits, **self._dials, u=self.u)

    @cached_property
    def uncut(self) -> SampledToken:
        """The same choice without cuts: what the temperature alone makes of it."""
        return next_token(self._logits, temperature=self.dials.temperature, u=self.u)

    @property
    def _logits(self) -> Any:
        return self.origin.logits(len(self.given), self.tokens)

    @property
    def _dials(self) -> dict[str, Any]:
        return fitting(self.dials, self.origin.vocab_size)

    def turned(self, **dials: Any) -> "Walk":
        """With some dials moved; the dart stays.

        The last letter of a finished text stays if it is picked again; else it is open again.
        """
        if self.finished:
            opened = self.back().turned(**dials)
            return opened.next() if opened.choice.token == self.drawn[-1].token else opened
        new = replace(self, dials=replace(self.dials, **dials))
        greedy = not (self.dials.temperature and new.dials.temperature)
        crossing = None if greedy else _crossing(self.choice, new.choice, self.crossing)
        return replace(new, crossing=crossing)

    def next(self) -> "Walk":
        """With the pick accepted."""
        if self.finished:
            raise SettingError("the text has ended; go back, or start over")
        letter = Drawn(self.choice.token, self.turn, self.dials, self.crossing)
        drawn = (*self.drawn, letter)
        return replace(self, drawn=drawn, turn=Turn(), crossing=None, reach=len(drawn))

    def finish(self) -> "Walk":
        """With every pick accepted, to the end mark or 16 letters."""
        walk = self
        while not walk.finished:
            walk = walk.next()
        return walk

    def back(self) -> "Walk":
        """Without the last letter, its dart where it was."""
        if not self.drawn:
            raise SettingError("no letter has been drawn yet")
        *drawn, last = self.drawn
        crossing = last.crossing if last.dials == self.dials else None
        left = tuple(drawn)
        return replace(self, drawn=left, turn=last.turn, crossing=crossing, reach=len(left))

    def rolled(self) -> "Walk":
        """With another dart for this letter only (of a finished text: for its last)."""
        opened = self.shown
        return replace(opened, turn=Turn(opened.turn.roll + 1), crossing=None)

    def placed(self, u: float) -> "Walk":
        """With the dart put at u by hand."""
        if not isinstance(u, Real) or not 0 <= u < 1:
            raise SettingError(f"the dart must be a number from 0 to below 1; got {u!r}")
        opened = self.shown
        turn = replace(opened.turn, placed=float(u))
        return replace(opened, turn=turn, crossing=None)

    def restarted(self, **changes: Any) -> "Walk":
        """From the beginning, with another prompt, dice set or origin if given."""
        kept = {"origin": self.origin, "prompt": self.prompt, "dice": self.dice}
        return Walk(dials=self.dials, **(kept | changes))

    def redealt(self, dice: int) -> "Walk":
        """With the darts of another dice set for all letters, those drawn already too."""
        walk = self.restarted(dice=dice)
        while len(walk.drawn) < self.reach and not walk.finished:
            walk = walk.next()
        return replace(walk, reach=self.reach)


def fitting(dials: SampleConfig, vocab_size: int) -> dict[str, Any]:
    """The settings of `next_token`; a model with fewer tokens than top_k keeps them all."""
    settings = dict(vars(dials))
    if settings["top_k"] is not None:
        settings["top_k"] = min(settings["top_k"], vocab_size)
    return settings


def _crossing(old: SampledToken, new: SampledToken, before: Crossing | None) -> Crossing | None:
    """Why the pick changed although the dart stayed.

    While it does not change again, the last reason, with the edge where it is now.
    """
    if new.token == old.token:
        if before is None or before.new != new.token:
            return None
        edge = int(np.flatnonzero(new.order == before.edge)[0])
        return replace(before, after=float(new.cumulative[edge]))
    higher = min(old.rank, new.rank)  # its upper edge is the one that passed the dart
    return Crossing(
        old.token, new.token, int(new.order[higher]),
        float(old.cumulative[higher]), float(new.cumulative[higher]),
    )  # fmt: skip

"""`DialAndDice`: one choice of a next letter, with every dial and the dart under your hand."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets

from microgpt.config import SampleConfig
from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.sampling import ModelOrigin, Walk
from microgpt.tokenizers import Tokenizer
from microgpt.viz import sampler
from microgpt.viz.drawing import Drawing
from microgpt.viz.formatting import visible
from microgpt.widgets.controls import Dial, Fold, button
from microgpt.widgets.panel import Panel
from microgpt.widgets.sampling_controls import DIALS, sample_dials, within_dials
from microgpt.widgets.source_lookup import by_name, named_origins, origin_of
from microgpt.widgets.text_likelihood import LikelihoodFold
from microgpt.widgets.workers import Latest

ROWS, COMPACT_ROWS, HEADER = 20, 12, 40
BESIDE = 3  # as many dials fit beside the picture; the others fold out below


class DialAndDice(Panel):
    """Why did it say that? Turn the dials; the dart stays where it is until you roll it.

    `model` is "names", "story", or a GPT with the `corpus` (or tokenizer) it was trained with; or
    give one row of `logits` with `labels`. `dials` ("temperature", "top_k", "top_p", "min_p") are
    in view at first; `compact` leaves out the choosers and most bars. `u` places the dart by hand.
    Works on a copy of the model as it is now.
    """

    def __init__(
        self,
        model: str | GPT | None = None,
        corpus: Corpus | Tokenizer | None = None,
        *,
        logits: Any = None,
        labels: Sequence[str] | None = None,
        dials: Sequence[str] = ("temperature",),
        compact: bool = False,
        prompt: str = "",
        dice: int = 1,
        u: float | None = None,
        **settings: Any,
    ):
        listed = isinstance(dials, tuple | list)
        if not listed or not set(dials) <= set(DIALS):
            known = ", ".join(repr(name) for name in DIALS)
            raise SettingError(f"dials must be some of {known}, in a tuple; got {dials!r}")
        if model is None and logits is None:
            model = "names"
        origin = origin_of(model, corpus, logits, labels)
        if unknown := sorted(set(settings) - set(DIALS)):
            raise SettingError(f"there is no setting {unknown[0]!r}; known: {', '.join(DIALS)}")
        walk = Walk(origin, prompt, within_dials(SampleConfig(**settings)), dice)
        walk = walk if u is None else walk.placed(u)
        self.own, self._opening_turn = origin, walk.turn
        self._later = Latest()
        self.rows = COMPACT_ROWS if compact else ROWS
        self._make_controls(walk, tuple(dials))
        beside = [self.dials[name].widget for name in dials[:BESIDE]]
        controls = [*beside, self.dart.widget, self.buttons]
        if compact:
            under = [self.dials[name].widget for name in dials[BESIDE:]]
            folded: list[ipywidgets.Widget] = []
            toggles: list[ipywidgets.Widget] = []
        else:
            controls.insert(len(beside), self.more.toggle)
            under = [self.more.part]
            folded = [self.likely.part, self.five.part]
            toggles = [self.likely.toggle, self.five.toggle]
        super().__init__(
            walk,
            self._draw,
            header=[] if compact else self.header,
            controls=controls,
            under=under,
            folded=folded,
            toggles=toggles,
            numbers=sampler.numbers,
            height=520 - 15 * (ROWS - self.rows) - (HEADER if compact else 0),
            beside=True,
        )

    @property
    def _picture_height(self) -> int:
        return self.height - (0 if self.rows == COMPACT_ROWS else HEADER)

    def _draw(self, walk: Walk, note: str) -> tuple[Drawing, str]:
        return sampler.draw(walk, note, self.name, self.rows)

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self, walk: Walk, dials: tuple[str, ...]) -> None:
        names = named_origins()
        own = walk.origin.name
        self.chooser = ipywidgets.Dropdown(
            options=names if own in names else [own, *names], value=own, description="Model",
            layout={"width": "262px"}, style={"description_width": "45px"},
        )  # fmt: skip
        self.prompt = ipywidgets.Text(
            value=walk.prompt, description="Start with", continuous_update=False,
            layout={"width": "190px"}, style={"description_width": "70px"},
        )  # fmt: skip
        self.dice = ipywidgets.BoundedIntText(
            value=walk.dice, min=0, max=2**31, description="Dice set",
            layout={"width": "130px"}, style={"description_width": "60px"},
        )  # fmt: skip
        self.chooser.observe(lambda change: self._on(change, self._choose), "value")
        self.prompt.observe(lambda change: self._on(change, self._start), "value")
        self.dice.observe(lambda change: self._on(change, self._deal), "value")
        again = button("Start over", lambda: self.change(self._restart))
        self.header = [self.chooser, self.prompt, self.dice, again]

        self.dials = sample_dials(self._turn)
        self.dart = Dial(lambda u, most: "Dart u", 0.0, 0.999, 0.001, self._place)
        pressed: list[tuple[str, Callable[[Walk], Walk], str]] = [
            ("Roll again", Walk.rolled, "another dart for this letter"),
            ("Next letter", Walk.next, "accept the pick"),
            ("Finish", Walk.finish, "accept picks to the end, or 16 letters"),
            ("Back", Walk.back, "undo one letter"),
        ]
        made = [
            button(text, lambda step=step: self.change(step), tip)  # type: ignore[misc]
            for text, step, tip in pressed
        ]
        self.roll, self.next, self.finish, self.back = made
        self.buttons = ipywidgets.HBox(made)
        self.buttons.add_class("mg-row")

        others = [dial.widget for name, dial in self.dials.items() if name not in dials[:BESIDE]]
        hidden = ipywidgets.HBox(others)
        hidden.add_class("mg-row")
        self.more = Fold("More dials", hidden, lambda: None)
        self.five = Fold("Five texts", ipywidgets.HTML(), lambda: self.guarded(self.fill))
        self.likely = LikelihoodFold(lambda: self.state, self.guarded)

    def _on(self, change: Any, act: Callable[[Walk, Any], Walk]) -> None:
        self.change(act, change["new"])

    def _choose(self, walk: Walk, name: str) -> Walk:
        if name == walk.origin.name:
            return walk
        origin = self.own if name == self.own.name else by_name(name)
        return walk.restarted(origin=origin, prompt="")

    def _restart(self, walk: Walk) -> Walk:
        """The text from its beginning; a dart that was placed at the opening lies there again."""
        new = walk.restarted()
        return replace(new, turn=self._opening_turn) if new.origin is self.own else new

    @staticmethod
    def _start(walk: Walk, prompt: str) -> Walk:
        return walk if prompt == walk.prompt else walk.restarted(prompt=prompt)

    @staticmethod
    def _deal(walk: Walk, dice: int) -> Walk:
        return walk if dice == walk.dice else walk.redealt(dice)

    def _turn(self, name: str, value: Any) -> None:
        self.change(lambda walk: walk.turned(**{name: value}))

    def _place(self, u: float, most: float) -> None:
        self.change(Walk.placed, u)

    # -- keeping everything in line with the state ----------------------------------------------

    def refresh(self) -> None:
        walk = self.state
        for name, dial in self.dials.items():
            DIALS[name].show(dial, walk, getattr(walk.dials, name))
        self.dart.value = round(min(walk.shown.u, 0.999), 3)
        for chosen, value in ((self.chooser, walk.origin.name), (self.dice, walk.dice)):
            if chosen.value != value:
                chosen.value = value
        if not self.note and self.prompt.value != walk.prompt:
            self.prompt.value = walk.prompt
        read = isinstance(walk.origin, ModelOrigin)
        self.prompt.disabled = self.likely.toggle.disabled = not read
        self.next.description = f"Next {walk.origin.unit}"
        self.next.disabled = self.finish.disabled = walk.finished
        self.back.disabled = not walk.drawn
        self.fill()

    def fill(self) -> None:
        super().fill()
        if self.likely.fold.open:
            self.likely.fill()
        if self.five.open:  # a third of a second: only the latest of many moves is drawn
            walk = self.state
            self._later.submit(lambda: self.guarded(lambda: self._fill_five(walk)))

    def _fill_five(self, walk: Walk) -> None:
        """Draw the texts, under the lock: a walk's cached choice takes one of its own inside it."""
        self.five.part.value = f'<div class="mg-view">{sampler.five_texts(walk)}</div>'

    def static(self) -> list[str]:
        walk = self.state
        said = [f"Model: {walk.origin.name}", f'Start with: "{visible(walk.prompt, 14)}"']
        heat = self.dials["temperature"]
        said.append(f"{heat.label(heat.value, heat.box.max)}: {heat.value:g}")
        return [*said, f"Dart u: {walk.shown.u:.3f}", f"Dice set: {walk.dice}"]

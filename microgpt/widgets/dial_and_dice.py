"""`DialAndDice`: one choice of a next letter, with every dial and the dart under your hand."""

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets

from microgpt.backends import LOCK
from microgpt.config import SampleConfig
from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.sampling import ModelOrigin, Walk
from microgpt.tokenizers import Tokenizer
from microgpt.viz import sampler
from microgpt.viz.drawing import Drawing
from microgpt.viz.words import visible
from microgpt.widgets.controls import Dial, Fold, button
from microgpt.widgets.dials import DIALS, sample_dials
from microgpt.widgets.likely import likelihood_fold
from microgpt.widgets.origins import by_name, named_origins, origin_of
from microgpt.widgets.panel import Panel

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
        unknown = [name for name in dials if name not in DIALS]
        if unknown or isinstance(dials, str):
            known = ", ".join(repr(name) for name in DIALS)
            raise SettingError(f"dials must be some of {known}, in a tuple; got {dials!r}")
        if model is None and logits is None:
            model = "names"
        origin = origin_of(model, corpus, logits, labels)
        walk = Walk(origin, prompt, SampleConfig(**settings), dice)
        self.own = origin
        self.rows = COMPACT_ROWS if compact else ROWS
        self._make_controls(walk if u is None else walk.placed(u), tuple(dials))
        beside = [self.dials[name].widget for name in dials[:BESIDE]]
        controls = [*beside, self.dart.widget, self.buttons]
        folded: list[ipywidgets.Widget] = []
        if not compact:
            controls.insert(len(beside), self.more.toggle)
            folds = [self.more, self.table, self.likely, self.five]
            toggles = ipywidgets.HBox([fold.toggle for fold in folds[1:]])
            toggles.add_class("mg-row")
            folded = [self.more.part, toggles, *(fold.part for fold in folds[1:])]
        super().__init__(
            walk if u is None else walk.placed(u),
            self._draw,
            header=[] if compact else self.header,
            controls=controls,
            folded=folded,
            height=520 - 15 * (ROWS - self.rows) - (HEADER if compact else 0),
            beside=True,
        )
        self.compact = compact

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
            value=walk.dice, min=0, max=9999, description="Dice set",
            layout={"width": "130px"}, style={"description_width": "60px"},
        )  # fmt: skip
        self.chooser.observe(lambda change: self._on(change, self._choose), "value")
        self.prompt.observe(lambda change: self._on(change, self._start), "value")
        self.dice.observe(lambda change: self._on(change, self._deal), "value")
        again = button("Start over", lambda: self.change(Walk.restarted))
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
        self.table = Fold("Numbers", ipywidgets.HTML(), self._fill)
        self.five = Fold("Five texts", ipywidgets.HTML(), self._fill)
        self.likely = likelihood_fold(lambda: self.state)

    def _on(self, change: Any, act: Callable[[Walk, Any], Walk]) -> None:
        self.change(act, change["new"])

    def _choose(self, walk: Walk, name: str) -> Walk:
        if name == walk.origin.name:
            return walk
        origin = self.own if name == self.own.name else by_name(name)
        return walk.restarted(origin=origin, prompt="")

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
        self.prompt.disabled = not isinstance(walk.origin, ModelOrigin)
        self.next.disabled = self.finish.disabled = walk.finished
        self.back.disabled = not walk.drawn
        self._fill()

    def _fill(self) -> None:
        """Fill the folded parts that are open; the others cost nothing."""
        with LOCK:
            if self.table.open:
                self.table.part.value = _wrapped(sampler.numbers(self.state))
            if self.five.open:
                self.five.part.value = _wrapped(sampler.five_texts(self.state))
            if self.likely.open:
                self.likely.opened()

    def static(self) -> list[str]:
        walk = self.state
        said = [f"Model: {walk.origin.name}", f'Start with: "{visible(walk.prompt, 14)}"']
        heat = self.dials["temperature"]
        said.append(f"{heat.label(heat.value, heat.box.max)}: {heat.value:g}")
        return [*said, f"Dart u: {walk.shown.u:.3f}", f"Dice set: {walk.dice}"]


def _wrapped(html: str) -> str:
    return f'<div class="mg-view">{html}</div>'

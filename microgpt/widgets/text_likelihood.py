"""How likely is this name? Folded below dial and dice, and a view of its own: `HowLikely`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import ipywidgets

from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.sampling import FixedOrigin, ModelOrigin, Walk
from microgpt.tokenizers import Tokenizer
from microgpt.viz import sampler
from microgpt.viz.drawing import Drawing
from microgpt.viz.token_likelihood import draw_letters, letters_table
from microgpt.widgets.controls import Fold, button
from microgpt.widgets.panel import Panel
from microgpt.widgets.source_lookup import origin_of


class LikelihoodFold:
    """A part of a panel that says how likely a typed name is at the walk's dials."""

    def __init__(self, walk: Callable[[], Walk], guarded: Callable[[Callable[[], None]], None]):
        self.walk = walk
        self.typed = ipywidgets.Text(
            description="Name", placeholder="anna", continuous_update=False,
            layout={"width": "240px"}, style={"description_width": "50px"},
        )  # fmt: skip
        self.answer = ipywidgets.HTML()
        self.part = ipywidgets.VBox([self.typed, self.answer])
        self.fold = Fold("How likely is this name?", self.part, lambda: guarded(self.fill))
        self.toggle = self.fold.toggle
        self.typed.observe(lambda change: guarded(self.fill), "value")

    def fill(self) -> None:
        """Answer for the name and the dials as they are."""
        now = self.walk()
        if isinstance(now.origin, FixedOrigin):
            said = "These numbers belong to no text, so no name has a chance here."
        else:
            said = sampler.likelihood(now.origin, self.typed.value, now.dials)
        self.answer.value = f'<div class="mg-view"><p>{escape(said)}</p></div>'


@dataclass(frozen=True)
class _Typed:
    origin: ModelOrigin
    text: str


class HowLikely(Panel):
    """How surprised is a model by your name? One bar a letter, and the chance of the whole.

    `model` is "names", "story" or a GPT with its `corpus`; `names` become buttons.
    """

    def __init__(
        self,
        model: str | GPT = "names",
        corpus: Corpus | Tokenizer | str | None = None,
        text: str | None = None,
        *,
        names: tuple[str, ...] = ("anna", "kevin", "xqzj"),
    ):
        if isinstance(corpus, str):  # HowLikely("names", "anna")
            corpus, text = None, corpus
        origin = origin_of(model, corpus)
        if not isinstance(origin, ModelOrigin):
            raise SettingError(f"{origin.name!r} reads no text; choose 'names' or 'story'")
        names = (names,) if isinstance(names, str) else tuple(names)
        if text is not None and not isinstance(text, str):
            raise SettingError(f"a text is a string; got {type(text).__name__}")
        text = (names or ("",))[0] if text is None else text
        self.typed = ipywidgets.Text(
            value=text, description="Name", continuous_update=False,
            layout={"width": "260px"}, style={"description_width": "50px"},
        )  # fmt: skip
        self.typed.observe(lambda change: self.change(_retyped, change["new"]), "value")
        self.buttons = [button(name, lambda name=name: self._type(name)) for name in names]  # type: ignore[misc]
        super().__init__(
            _Typed(origin, text), self._draw, header=[self.typed, *self.buttons],
            height=340, sentence_first=True, numbers=lambda typed: letters_table(*_read(typed)),
        )  # fmt: skip

    def _type(self, name: str) -> None:
        self.typed.value = name

    def _draw(self, typed: _Typed, note: str) -> tuple[Drawing, str]:
        return draw_letters(*_read(typed), note)


def _read(typed: _Typed) -> tuple[ModelOrigin, str]:
    """The text as it is read: without blanks around it, in lower case where there is no upper."""
    origin, text = typed.origin, typed.text.strip()
    if not all(map(origin.can_read, text)) and all(map(origin.can_read, text.lower())):
        text = text.lower()
    return origin, text


def _retyped(typed: _Typed, text: Any) -> _Typed:
    return replace(typed, text=str(text))

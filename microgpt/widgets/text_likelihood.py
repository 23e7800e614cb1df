"""The likelihood of a typed text: `TextLikelihood`, and a section of the sampling explorer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import ipywidgets

from microgpt.config import SampleConfig
from microgpt.errors import SettingError
from microgpt.tokenizers import Tokenizer
from microgpt.viz.drawing import Drawing
from microgpt.viz.token_likelihood import (
    TextScores,
    draw_token_likelihood,
    likelihood_sentence,
    likelihood_table,
)
from microgpt.widgets.controls import Collapsible, button
from microgpt.widgets.logits_source import FixedLogits, ModelLogits
from microgpt.widgets.model_lookup import CorpusLike, ModelLike, find_model_source
from microgpt.widgets.panel import Panel
from microgpt.widgets.sampling_trace import SamplingTrace
from microgpt.widgets.token_scores import UNFILTERED, text_scores
from microgpt.widgets.typed_text import read_typed_text


class LikelihoodSection:
    """A collapsible section that says how likely a typed text is under the trace's parameters."""

    def __init__(
        self,
        get_trace: Callable[[], SamplingTrace],
        run_guarded: Callable[[Callable[[], None]], None],
    ):
        self.get_trace = get_trace
        self.text_box = ipywidgets.Text(
            description="Name", placeholder="anna", continuous_update=False,
            layout={"width": "240px"}, style={"description_width": "50px"},
        )  # fmt: skip
        self.answer = ipywidgets.HTML()
        self.content = ipywidgets.VBox([self.text_box, self.answer])
        self.section = Collapsible(
            "How likely is this name?", self.content, lambda: run_guarded(self.fill)
        )
        self.toggle = self.section.toggle
        self.text_box.observe(lambda change: run_guarded(self.fill), "value")

    def fill(self) -> None:
        """Show the likelihood of the typed text under the current sampling parameters."""
        trace = self.get_trace()
        if isinstance(trace.source, FixedLogits):
            sentence = "These numbers belong to no text, so no name has a chance here."
        else:
            typed = TypedText(trace.source, self.text_box.value, trace.params)
            sentence = typed.sentence()
        self.answer.value = f'<div class="mg-view"><p>{escape(sentence)}</p></div>'


@dataclass(frozen=True)
class TypedText:
    """The state of `TextLikelihood`: a model, and the text as typed."""

    source: ModelLogits
    text: str
    params: SampleConfig = UNFILTERED

    def scores(self) -> TextScores:
        """Score the text, with small letters where the model knows no capitals."""
        read = read_typed_text(self.text, self.source.can_encode)
        if read.unknown_chars:
            text, unit = self.text.strip(), self.source.unit
            return TextScores(text, self.params, unknown_chars=read.unknown_chars, unit=unit)
        return text_scores(self.source, read.text, self.params)

    def sentence(self) -> str:
        """Say how likely the text is; of one that cannot be read, that its capitals could be."""
        sentence = likelihood_sentence(self.scores())
        read = read_typed_text(self.text, self.source.can_encode)
        if read.unknown_chars and read.lowercased:
            sentence += " Capitals are read as small letters."
        return sentence


class TextLikelihood(Panel):
    """A live view of how likely a model finds a text: a bar per token, and the total probability.

    `model` is "names", "story", a Trainer, or a GPT with its `corpus` or `tokenizer`. Each of
    `names` becomes a button that fills in that text.
    """

    def __init__(
        self,
        model: ModelLike = "names",
        corpus: CorpusLike | str | None = None,
        text: str | None = None,
        *,
        names: tuple[str, ...] = ("anna", "kevin", "xqzj"),
        tokenizer: Tokenizer | None = None,
    ):
        if isinstance(corpus, str):  # TextLikelihood("names", "anna")
            corpus, text = None, corpus
        source = find_model_source(model, corpus, tokenizer)
        names = (names,) if isinstance(names, str) else tuple(names)
        if text is not None and not isinstance(text, str):
            raise SettingError("text", "a string", type(text))
        text = (names or ("",))[0] if text is None else text
        self.text_box = ipywidgets.Text(
            value=text, description="Name", continuous_update=False,
            layout={"width": "260px"}, style={"description_width": "50px"},
        )  # fmt: skip
        self.text_box.observe(lambda change: self._on_text(change["new"]), "value")
        self.name_buttons = [
            button(name, lambda name=name: self._on_name(name))  # type: ignore[misc]
            for name in names
        ]
        super().__init__(
            TypedText(source, text), self._draw, header=[self.text_box, *self.name_buttons],
            height=340, caption_first=True,
            numbers_table=lambda typed: likelihood_table(typed.scores()),
        )  # fmt: skip

    def _on_name(self, name: str) -> None:
        self.text_box.value = name

    def _on_text(self, text: Any) -> None:
        self.on_move("text", lambda typed: replace(typed, text=str(text)))

    @staticmethod
    def _draw(typed: TypedText, message: str) -> tuple[Drawing, str]:
        return draw_token_likelihood(typed.scores(), message or typed.sentence())

"""The likelihood of a typed text: `TextLikelihood`, and a section of the sampling explorer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets

from microgpt.config import SampleConfig
from microgpt.data import Corpus, load_corpus
from microgpt.errors import SettingError
from microgpt.pretrained import load_pretrained
from microgpt.tokenizers import Tokenizer
from microgpt.training import Trainer
from microgpt.viz.html import Rendered, tag
from microgpt.viz.likelihood_still import draw_likelihood
from microgpt.viz.likelihood_view import render_likelihood
from microgpt.viz.token_likelihood import (
    Reference,
    TextScores,
    likelihood_sentence,
    likelihood_table,
)
from microgpt.widgets.controls import Collapsible, button
from microgpt.widgets.logits_source import TextLogits
from microgpt.widgets.model_lookup import CorpusLike, ModelLike, find_text_source
from microgpt.widgets.panel import Panel
from microgpt.widgets.sampling_trace import SamplingTrace
from microgpt.widgets.token_scores import UNFILTERED, text_scores, token_log_frequencies
from microgpt.widgets.typed_text import read_typed_text


class LikelihoodSection:
    """A collapsible section that says how likely a typed text is under the trace's parameters."""

    def __init__(
        self,
        get_trace: Callable[[], SamplingTrace],
        run_guarded: Callable[[Callable[[], None]], None],
    ):
        self.get_trace = get_trace
        self.text_box = _text_box("", "name")
        self.text_box.layout.max_width = "280px"
        self.answer = ipywidgets.HTML(layout={"margin": "8px 0 0"})
        self.answer.add_class("mg-live")
        self.content = ipywidgets.VBox([self.text_box, self.answer])
        self.section = Collapsible("", self.content, lambda: run_guarded(self.fill))
        self.toggle = self.section.toggle
        self.text_box.observe(lambda change: run_guarded(self.fill), "value")

    def sync(self) -> None:
        """Show the section only while there is a model: numbers of no text have no likelihood."""
        source = self.get_trace().source
        if not isinstance(source, TextLogits):
            self.toggle.layout.display = self.content.layout.display = "none"
            return
        self._ask_for(source.text_noun)
        self.toggle.layout.display = ""
        self.content.layout.display = "" if self.section.is_open else "none"
        if self.section.is_open:
            self.fill()

    def _ask_for(self, noun: str) -> None:
        """Ask for what the model writes, a "name" or a "text"."""
        self.section.rename(f"How likely is this {noun}?")
        self.text_box.description, self.text_box.placeholder = noun.capitalize(), f"type a {noun}"

    def fill(self) -> None:
        """Show the likelihood of the typed text under the current sampling parameters."""
        trace = self.get_trace()
        if not isinstance(trace.source, TextLogits):
            return
        sentence = TypedText(trace.source, self.text_box.value, trace.params).sentence()
        self.answer.value = f'<div class="mg">{tag("p", sentence, css_class="say")}</div>'


@dataclass(frozen=True)
class TypedText:
    """The state of `TextLikelihood`: a model, and the text as typed."""

    source: TextLogits
    text: str
    params: SampleConfig = UNFILTERED

    def scores(self) -> TextScores:
        """Score the text, with small letters where the model knows no capitals."""
        read = read_typed_text(self.text, self.source.can_encode)
        if read.unknown_chars:
            return TextScores(
                self.text.strip(), self.params, unknown_chars=read.unknown_chars,
                unit=self.source.unit, text_noun=self.source.text_noun,
            )  # fmt: skip
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
    `names` becomes a button that fills in that text. The typed text stays when the cell runs again.
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
        source = find_text_source(model, corpus, tokenizer)
        names = (names,) if isinstance(names, str) else tuple(names)
        if text is not None and not isinstance(text, str):
            raise SettingError("text", "a string", type(text))
        text = (names or ("",))[0] if text is None else text
        self.names = names
        self._log_frequencies = token_log_frequencies(source, _find_corpus(model, corpus))
        self.text_box = _text_box(text, source.text_noun)
        self.name_buttons = [
            button(name, lambda name=name: self._on_name(name))  # type: ignore[misc]
            for name in names
        ]
        ask = ipywidgets.HBox([self.text_box, *self.name_buttons])
        for css_class in ("mg-row", "mg-ask"):
            ask.add_class(css_class)
        super().__init__(
            TypedText(source, text), self._render,
            lambda typed: draw_likelihood(self.framed_scores(typed)),
            css_class="likelihood", controls=[ask],
            numbers_table=lambda typed: likelihood_table(typed.scores()),
            arguments=(model if isinstance(model, str) else "", text, names),
        )  # fmt: skip
        self.text_box.value = self.state.text
        self.text_box.observe(lambda change: self._on_text(change["new"]), "value")

    def take_over(self, earlier_state: TypedText) -> TypedText:
        """Keep the typed text; the model is that of the new run."""
        return replace(self.state, text=earlier_state.text)

    def _on_name(self, name: str) -> None:
        self.text_box.value = name

    def _on_text(self, text: Any) -> None:
        self.on_move("text", lambda typed: replace(typed, text=str(text)))

    def _render(self, typed: TypedText, before: TypedText | None) -> Rendered:
        old = None if before is None else self.framed_scores(before)
        rendered = render_likelihood(self.framed_scores(typed), old)
        return rendered._replace(caption=typed.sentence())

    def framed_scores(self, typed: TypedText) -> TextScores:
        """Score the text; to compare, score letters by their frequency, and the buttons' names."""
        scores, source = typed.scores(), typed.source
        if not scores.tokens:
            return scores
        references = []
        if self._log_frequencies is not None:
            end = () if source.eos_token_id is None else (source.eos_token_id,)
            token_ids = [*source.encode_text(scores.text), *end]
            nll = -float(self._log_frequencies[token_ids].sum())
            references.append(Reference(f"{scores.unit}s by frequency", nll))
        for name in self.names:
            other = replace(typed, text=name).scores()
            if other.tokens and other.text != scores.text:
                references.append(Reference(other.text, other.nll))
        return replace(scores, references=tuple(references))


def _text_box(text: str, noun: str) -> ipywidgets.Text:
    return ipywidgets.Text(
        value=text, description=noun.capitalize(), placeholder=f"type a {noun}",
        continuous_update=False,
    )  # fmt: skip


def _find_corpus(model: ModelLike, corpus: Any) -> Corpus | None:
    """Return the corpus that a model learned from, if it is known."""
    if isinstance(model, str):
        name = load_pretrained(model, "numpy").metadata.get("corpus")
        corpus = None if name is None else load_corpus(str(name))
    elif isinstance(model, Trainer):
        corpus = model.corpus
    return corpus if isinstance(corpus, Corpus) else None

"""`ForwardPassView`: a text on its way through a model, in six boxes."""

import ipywidgets

from microgpt.errors import TokenError
from microgpt.tokenizers import Tokenizer
from microgpt.viz.forward_pass import (
    ForwardPass,
    draw_forward_pass,
    logits_table,
    render_forward_pass,
)
from microgpt.widgets.forward_pass_state import run_forward_pass
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.model_lookup import CorpusLike, ModelLike, find_gpt_source
from microgpt.widgets.panel import Panel


class ForwardPassView(Panel):
    """A live view of one forward pass: six boxes with the model's true shapes and numbers.

    Another text in the box is followed; pointing at a token lights it in all six boxes. `model` is
    a name, for the memory of a cell that runs again, or `None` for a model of the user's own.
    """

    def __init__(self, source: ModelLogits, text: str, model: str | None = None):
        self.source = source
        forward = run_forward_pass(source, text)
        self.text_box = ipywidgets.Text(
            value=forward.text, description="Text", continuous_update=False
        )
        self.observe(self.text_box, self._on_text)
        follow = ipywidgets.HBox([self.text_box])
        follow.add_class("mg-follow")
        super().__init__(
            forward,
            render_forward_pass,
            draw_forward_pass,
            css_class="journey",
            controls=[follow],
            numbers_table=logits_table,
            arguments=(model, text),
        )

    def take_over(self, earlier_state: ForwardPass) -> ForwardPass:
        """Follow the text of the cell's earlier run through today's model, if it can be read."""
        try:
            return run_forward_pass(self.source, earlier_state.text)
        except TokenError:
            return self.state

    def _on_text(self, text: str) -> None:
        self.change(lambda _: run_forward_pass(self.source, text))

    def sync_controls(self) -> None:
        """Show the text that is followed, but leave one that was refused for the user to mend."""
        if not self.message:
            self.text_box.value = self.state.text
        self.fill_open_sections()


def forward_pass(
    model: ModelLike,
    text: str,
    corpus: CorpusLike | None = None,
    *,
    tokenizer: Tokenizer | None = None,
) -> ForwardPassView:
    """Show the forward pass of `model` on `text` in six boxes, with its true shapes and numbers.

    `model` is "names", "story", a Trainer, or a GPT with its `corpus` (or tokenizer). Of a text
    longer than the model reads, the last tokens are followed. Raises TokenError for an empty text
    and for characters that are not in the vocabulary.
    """
    source = find_gpt_source(model, corpus, tokenizer)
    return ForwardPassView(source, text, model if isinstance(model, str) else None)

"""`NetworkDiagram`: a network of a few tokens and one hidden layer, with the numbers of a text."""

from typing import Any

import ipywidgets
import numpy as np

from microgpt.autograd.engine import no_grad
from microgpt.backends import LOCK
from microgpt.errors import SettingError, TokenError
from microgpt.models.context_model import context_windows, log_softmax
from microgpt.models.mlp import MLP
from microgpt.tokenizers import Tokenizer
from microgpt.viz.network_diagram import NetworkPass, draw_network, network_table, render_network
from microgpt.widgets.logits_source import TextLogits
from microgpt.widgets.model_lookup import CorpusLike, find_text_source
from microgpt.widgets.panel import Panel
from microgpt.widgets.typed_text import read_typed_text


class NetworkDiagram(Panel):
    """A live view of an `MLP`: the embeddings of the last letters, the hidden layer, the logits.

    Another text in the box is read by the network as it was when the view was made. `model` is an
    MLP with its `corpus` (or tokenizer). Raises SettingError for another model, TokenError for
    characters that are not in the vocabulary.
    """

    def __init__(
        self,
        model: MLP,
        corpus: CorpusLike | None = None,
        text: str = "",
        *,
        tokenizer: Tokenizer | None = None,
    ):
        if not isinstance(model, MLP):
            raise SettingError("model", "an MLP from mg.models", type(model))
        self.source = find_text_source(model, corpus, tokenizer)
        shown = run_network(self.source, text)
        self.text_box = ipywidgets.Text(
            value=shown.text, description="Text", continuous_update=False
        )
        self.text_box.observe(lambda change: self._on_text(change["new"]), "value")
        follow = ipywidgets.HBox([self.text_box])
        follow.add_class("mg-follow")
        super().__init__(
            shown,
            render_network,
            draw_network,
            css_class="network",
            controls=[follow],
            numbers_table=network_table,
            arguments=(text,),
        )

    def take_over(self, earlier_state: NetworkPass) -> NetworkPass:
        """Follow the text of the cell's earlier run through today's network, if it can be read."""
        try:
            return run_network(self.source, earlier_state.text)
        except TokenError:
            return self.state

    def _on_text(self, text: Any) -> None:
        if self.message or str(text) != self.state.text:  # else the box only shows the state's
            self.update(lambda _: run_network(self.source, str(text)))
            self.update_static_output()

    def sync_controls(self) -> None:
        """Show the text that is followed, but leave one that was refused for the user to mend."""
        if not self.message:
            self.text_box.value = self.state.text
        self.fill_open_sections()


def run_network(source: TextLogits, text: str) -> NetworkPass:
    """Compute what the network makes of the last tokens of a text; raise TokenError for unknown."""
    model = source.model
    if source.can_encode(text) or not text:
        read = text
    else:
        typed = read_typed_text(text, source.can_encode)
        source.check_chars(typed.unknown_chars)
        read = typed.text
    token_ids = np.array(source.encode_prompt(read))
    window = context_windows(token_ids, model.context)[-1]
    with LOCK, no_grad():
        embeddings = model.wte(window).numpy()
        hidden = model.hidden_states(window)
        logits = model.lm_head(hidden).numpy().astype(np.float64)
    return NetworkPass(
        text=read,
        tokens=tuple(source.labels[token] for token in window.tolist()),
        embeddings=embeddings,
        hidden=hidden.numpy(),
        logits=logits,
        probs=np.exp(log_softmax(logits)),
        labels=source.labels,
        num_parameters=model.parameter_count(),
        unit=source.unit,
    )

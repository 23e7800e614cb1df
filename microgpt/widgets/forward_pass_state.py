"""Run one forward pass and collect its activations for the picture in `viz.forward_pass`."""

from typing import Any

import numpy as np

from microgpt.autograd.engine import hook_activations, no_grad
from microgpt.backends import LOCK
from microgpt.sampling import next_token
from microgpt.tokenizers import Tokenizer
from microgpt.viz.drawing import Drawing
from microgpt.viz.forward_pass import ForwardPass, draw_forward_pass
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.model_lookup import CorpusLike, ModelLike, find_model_source


def forward_pass(
    model: ModelLike,
    text: str,
    corpus: CorpusLike | None = None,
    *,
    tokenizer: Tokenizer | None = None,
) -> Drawing:
    """Draw the forward pass of `model` on `text` as six boxes, with its actual shapes and numbers.

    `model` is "names", "story", a Trainer, or a GPT with its `corpus` (or tokenizer).
    """
    return draw_forward_pass(run_forward_pass(find_model_source(model, corpus, tokenizer), text))


def run_forward_pass(source: ModelLogits, text: str) -> ForwardPass:
    """Run the model on a text and keep the activations that the picture shows."""
    token_ids, activations = source.encode_prompt(text), {}

    def keep(name: str, node: Any) -> Any:
        activations[name] = node.numpy()
        return node

    with LOCK, no_grad(), hook_activations(keep):
        logits = source.model([list(token_ids)]).numpy()[0, -1]
    last_layer = source.model.config.n_layer - 1
    sampled = next_token(logits)
    activation: dict[str, np.ndarray] = activations
    text_ids = token_ids[source.eos_token_id is not None :]
    return ForwardPass(
        text="".join(source.pieces(text_ids)),
        token_ids=token_ids,
        labels=source.labels,
        bos_id=source.eos_token_id,
        embedding=activation["embedding"][0],
        attention_weights=activation[f"h.{last_layer}.attn.weights"][0],
        mlp_hidden=activation[f"h.{last_layer}.mlp.hidden"][0],
        logits=logits,
        probs=sampled.probabilities,
        ranked_ids=sampled.ranked_ids,
    )

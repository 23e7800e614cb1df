"""Run one forward pass and collect its activations for the picture in `viz.forward_pass`."""

from typing import Any

import numpy as np

from microgpt.autograd.engine import hook_activations, no_grad
from microgpt.backends import LOCK
from microgpt.errors import SettingError, TokenError
from microgpt.sampling import next_token
from microgpt.viz.formatting import quoted
from microgpt.viz.forward_pass import ForwardPass, first_shown
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.typed_text import read_typed_text

MAX_NAMED = 60  # characters of a vocabulary that is named whole


def run_forward_pass(source: ModelLogits, text: str) -> ForwardPass:
    """Run the model on a text and keep the activations that the picture shows.

    Capitals are read as small letters where the vocabulary has none; of a text longer than the
    block, the last tokens are run. Raises TokenError for a text that is empty or has unknown
    characters.
    """
    text = _readable(source, text)
    all_ids = source.tokenizer.encode(text, bos=True)
    token_ids = tuple(all_ids[-source.block_size :])
    activations: dict[str, np.ndarray] = {}

    def keep(name: str, node: Any) -> Any:
        activations[name] = node.numpy()
        return node

    with LOCK, no_grad(), hook_activations(keep):
        logits = source.model([list(token_ids)]).numpy()[0]
    config = source.model.config
    first = first_shown([source.labels[token] for token in token_ids])
    layer = f"h.{config.n_layer - 1}"
    samples = [next_token(row) for row in logits[first:]]
    return ForwardPass(
        text=text,
        token_ids=token_ids,
        labels=source.labels,
        bos_id=source.eos_token_id,
        unit=source.unit,
        num_layers=config.n_layer,
        num_heads=config.n_head,
        adds_position=source.model.wpe is not None,
        embedding=activations["embedding"][0, first:],
        attention_weights=activations[f"{layer}.attn.weights"][0, 0, first:],
        mlp_hidden=activations[f"{layer}.mlp.hidden"][0, first:],
        logits=logits[first:],
        probs=np.stack([sampled.probabilities for sampled in samples]),
        ranked_ids=np.stack([sampled.ranked_ids for sampled in samples]),
        is_cut=len(all_ids) > len(token_ids),
    )


def _readable(source: ModelLogits, text: str) -> str:
    """Return the text as the vocabulary can encode it; raise TokenError, naming what it lacks."""
    if not isinstance(text, str):
        raise SettingError("text", "a string", type(text))
    if not text.strip():
        raise TokenError(f"Type at least one {source.unit} to follow.")
    if all(map(source.can_encode, text)):
        return text
    read = read_typed_text(text, source.can_encode)
    if not read.unknown_chars:
        return read.text
    unknown = [quoted(char) for char in read.unknown_chars]
    names = ", ".join(unknown[:8]) + ", …" * (len(unknown) > 8)
    known = [label for token, label in enumerate(source.labels) if token != source.eos_token_id]
    letters = f": it has {''.join(known)}" if len(known) <= MAX_NAMED else ""
    raise TokenError(f"This model's vocabulary has no {names}{letters}.")

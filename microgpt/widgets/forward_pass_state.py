"""Run one forward pass and collect its activations for the picture in `viz.forward_pass`."""

from typing import Any

import numpy as np

from microgpt.autograd.engine import no_grad
from microgpt.errors import SettingError, TokenError
from microgpt.interpretability import trace
from microgpt.interpretability.residual_stream import stream_points
from microgpt.sampling import next_token
from microgpt.viz.forward_pass import ForwardPass, first_shown
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.typed_text import read_typed_text


def run_forward_pass(source: ModelLogits, text: str) -> ForwardPass:
    """Run the model on a text and keep the activations that the picture shows.

    Capitals are read as small letters where the vocabulary has none; of a text longer than the
    block, the last tokens are run. Raises TokenError for a text that is empty or has unknown
    characters.
    """
    text = _readable(source, text)
    all_ids = source.tokenizer.encode(text, bos=True)
    token_ids = tuple(all_ids[-source.block_size :])
    config = source.model.config
    recorded = _record(source.model, token_ids)
    first = first_shown([source.labels[token] for token in token_ids])
    logits, layer = recorded["logits"], f"h.{config.n_layer - 1}"
    samples = [next_token(row) for row in logits[first:]]
    return ForwardPass(
        text=text,
        token_ids=token_ids,
        labels=source.labels,
        bos_id=source.eos_token_id,
        unit=source.unit,
        num_layers=config.n_layer,
        adds_position=source.model.wpe is not None,
        embedding_norm=config.embedding_norm,
        embedding=recorded["embedding"][first:],
        attention_weights=recorded[f"{layer}.attn.weights"][:, first:],
        mlp_hidden=recorded[f"{layer}.mlp.hidden"][first:],
        resid_pre=recorded["resid_pre"][first:],
        attention_out=recorded[f"{layer}.attn.out"][first:],
        resid_mid=recorded["resid_mid"][first:],
        mlp_out=recorded[f"{layer}.mlp.out"][first:],
        resid_post=recorded[f"{layer}.out"][first:],
        logits=logits[first:],
        probs=np.stack([sampled.probabilities for sampled in samples]),
        ranked_ids=np.stack([sampled.ranked_ids for sampled in samples]),
        is_cut=len(all_ids) > len(token_ids),
    )


def _record(model: Any, token_ids: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Run the model on token ids (T,); return its named activations and "logits", without batch.

    "resid_pre" and "resid_mid" are the residual stream (T, C) before the last layer's attention,
    and between attention and the MLP.
    """
    with no_grad(), trace(model) as t:
        logits = model(token_ids).numpy()
    before, between, _ = list(stream_points(t.names(), model.config.n_layer))[-3:]
    recorded = {name: t[name] for name in t}
    return recorded | {"logits": logits, "resid_pre": t[before], "resid_mid": t[between]}


def _readable(source: ModelLogits, text: str) -> str:
    """Return the text as the vocabulary can encode it; raise TokenError, naming what it lacks."""
    if not isinstance(text, str):
        raise SettingError("text", "a string", type(text))
    if not text.strip():
        raise TokenError(f"Type at least one {source.unit} to follow.")
    if all(map(source.can_encode, text)):
        return text
    read = read_typed_text(text, source.can_encode)
    source.check_chars(read.unknown_chars)
    return read.text

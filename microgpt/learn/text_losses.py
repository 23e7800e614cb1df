"""The loss of any model on texts: counted, a network, a table of logits, or a plain function."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from microgpt.autograd.engine import no_grad
from microgpt.autograd.tensor import Tensor
from microgpt.backends import LOCK
from microgpt.data import Corpus, pad
from microgpt.errors import SettingError, ShapeError
from microgpt.models.context_model import ContextModel, check_logits, log_softmax, target_losses
from microgpt.nn import Module
from microgpt.tokenizers import Tokenizer

PIECE = re.compile(r".{1,160}(?:\S*\s|\S*$)", re.DOTALL)  # of a long text: 160 characters or more
MAX_ROWS = 256  # read by a model at once

LossesFunction = Callable[[np.ndarray, np.ndarray], np.ndarray]


def texts_of(corpus: Corpus) -> list[str]:
    """Return the documents of a corpus, or its long text in pieces that end where a word does."""
    if corpus.format == "lines":
        return list(corpus)
    return [piece for text in corpus.pieces for piece in re.findall(PIECE, text)]


def token_row(text: str, tokenizer: Tokenizer) -> np.ndarray:
    """Return a text as token ids (T + 1,): BOS or the tokenizer's default prompt, the text, EOS."""
    if tokenizer.eos_token_id is not None:
        return np.array(tokenizer.encode(text, bos=True, eos=True))
    return np.array([*tokenizer.encode(tokenizer.default_prompt), *tokenizer.encode(text)])


def padded_rows(
    rows: Sequence[np.ndarray], block_size: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows of ids (T + 1,) as tokens and targets (N, T'), and from which row each comes.

    Shorter rows are filled up with targets of −1, which are ignored. A row longer than `block_size`
    is cut into several, each without what came before it.
    """
    size = block_size or max(len(ids) - 1 for ids in rows)
    cuts = [(i, start) for i, ids in enumerate(rows) for start in range(0, len(ids) - 1, size)]
    tokens, targets = pad([rows[i][start : start + size + 1] for i, start in cuts], 0)
    return tokens, targets, np.array([i for i, _ in cuts])


def losses_of_rows(
    model: Any, rows: Sequence[np.ndarray], vocab_size: int | None = None
) -> np.ndarray:
    """Return the summed negative log-likelihood of each row of ids (T + 1,), in nats.

    `model` is a ContextModel, a GPT, or a function from token ids (T,) to logits (T, V). V may not
    be less than `vocab_size`, by default the least that has a logit for every id. Raises ShapeError
    for logits of another shape, SettingError for logits that are NaN or inf.
    """
    losses_of = _losses_function(model, vocab_size or 1 + max(int(ids.max()) for ids in rows))
    block_size = getattr(getattr(model, "config", None), "block_size", 0)
    tokens, targets, source = padded_rows(rows, block_size)
    losses = [
        losses_of(tokens[i : i + MAX_ROWS], targets[i : i + MAX_ROWS]).sum(axis=1)
        for i in range(0, len(tokens), MAX_ROWS)
    ]
    return np.bincount(source, np.concatenate(losses), len(rows))


def _losses_function(model: Any, vocab_size: int) -> LossesFunction:
    """Return a function that computes the losses (N, T) of targets; 0 where a target is −1."""
    if isinstance(model, ContextModel):
        return model.losses
    if not callable(model):
        raise SettingError("model", "a model, a table of logits, or a function", type(model))

    def losses(tokens: np.ndarray, targets: np.ndarray) -> np.ndarray:
        if isinstance(model, Module):
            logits = _logits(model, tokens, vocab_size)
        else:
            logits = np.stack([_logits(model, row, vocab_size) for row in tokens])
        return target_losses(log_softmax(logits), targets)

    return losses


def _logits(model: Any, tokens: np.ndarray, vocab_size: int) -> np.ndarray:
    with LOCK, no_grad():
        logits = model(tokens)
    array = np.asarray(logits.numpy() if isinstance(logits, Tensor) else logits, np.float64)
    if array.shape[:-1] != tokens.shape or array.shape[-1] < vocab_size:
        expected = (*tokens.shape, vocab_size)
        raise ShapeError(
            f"the model must return logits of shape {expected}, one for each token of the "
            f"vocabulary; got {array.shape}"
        )
    check_logits(array)
    return array

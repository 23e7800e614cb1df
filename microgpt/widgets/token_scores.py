"""The log-likelihood of a text under a model and sampling parameters, token by token."""

from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from microgpt.config import SampleConfig
from microgpt.data import Corpus
from microgpt.errors import TokenError
from microgpt.sampling import next_token
from microgpt.tokenizers import CharTokenizer
from microgpt.viz.token_likelihood import TextScores, TokenScore
from microgpt.widgets.logits_source import LogitsSource, TextLogits

UNFILTERED = SampleConfig()  # T = 1 and no filter


def score_tokens(
    source: LogitsSource,
    prompt_ids: tuple[int, ...],
    token_ids: Sequence[int],
    params: SampleConfig = UNFILTERED,
) -> list[TokenScore]:
    """Score each token of `token_ids`, given the prompt and the tokens before it."""
    settings, scores, preceding = vars(params), [], ""
    context = prompt_ids
    for token in token_ids:
        logits = source.next_token_logits(len(prompt_ids), context)
        sampled = next_token(logits, **settings)
        scores.append(
            TokenScore(
                label=source.labels[token],
                prob=float(sampled.probabilities[token]),
                rank=int(np.flatnonzero(sampled.ranked_ids == token)[0]),
                vocab_size=source.vocab_size,
                num_kept=sampled.num_kept,
                binding_filter=sampled.binding_filter,
                preceding=preceding,
            )
        )
        context, preceding = (*context, token), source.labels[token]
    return scores


def score_text(
    source: TextLogits, text: str, params: SampleConfig = UNFILTERED
) -> list[TokenScore]:
    """Score each token of `text`, and the end-of-text token if the vocabulary has one.

    The first token is scored after BOS or, without BOS, after the tokenizer's default prompt.
    """
    token_ids = source.encode_text(text)
    if not token_ids:
        raise TokenError(f"type at least one {source.unit}")
    prompt_ids = source.encode_prompt("")
    source.check_length(len(prompt_ids) + len(token_ids))
    end = () if source.eos_token_id is None else (source.eos_token_id,)
    return score_tokens(source, prompt_ids, token_ids + end, params)


def total_nll(scores: Sequence[TokenScore]) -> float:
    """Sum the negative log-likelihoods, in nats; infinite if a token has probability 0."""
    if any(score.prob == 0 for score in scores):
        return inf
    return max(0.0, -float(sum(np.log(score.prob) for score in scores)))


def text_scores(source: TextLogits, text: str, params: SampleConfig = UNFILTERED) -> TextScores:
    """Return the scores of a text as data for the picture, or the reason why it has none."""
    words: dict[str, Any] = {"unit": source.unit, "text_noun": source.text_noun}
    if unknown := sorted({char for char in text if not source.can_encode(char)}):
        return TextScores(text, params, unknown_chars=tuple(unknown), **words)
    try:
        scores = score_text(source, text, params)
    except TokenError as error:
        return TextScores(text, params, error=str(error), **words)
    check = source.memorization_check
    memorization = "" if check is None else check(text)
    return TextScores(text, params, tuple(scores), total_nll(scores), memorization, **words)


def token_log_frequencies(source: TextLogits, corpus: Corpus | None) -> np.ndarray | None:
    """Return the log of each character's share (V,) of a corpus, the ends of its texts included.

    That is the best a model can do that ignores what came before. -inf marks a character that does
    not occur. Return None for other tokenizers, which would have to read the whole corpus.
    """
    tokenizer = source.tokenizer
    if corpus is None or not isinstance(tokenizer, CharTokenizer):
        return None
    counts = np.zeros(source.vocab_size)
    for char, count in Counter("".join(corpus.pieces)).items():
        if char in tokenizer.ids:
            counts[tokenizer.ids[char]] = count
    if tokenizer.eos_token_id is not None:
        counts[tokenizer.eos_token_id] = len(corpus.pieces)
    with np.errstate(divide="ignore"):
        return np.log(counts / counts.sum())

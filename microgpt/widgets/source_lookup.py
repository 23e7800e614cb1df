"""Whose next letter it is: a bundled model by name, a model of your own, a row of numbers."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from microgpt.data import Corpus, load_corpus
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.pretrained import BUNDLED, load_pretrained
from microgpt.sampling import FixedOrigin, ModelOrigin, Origin, long_tail, tokenizer_of
from microgpt.tokenizers import Tokenizer

LONG_TAIL = "long tail (made-up numbers)"


def named_origins() -> list[str]:
    """What a panel's chooser offers besides what it was given."""
    return [*BUNDLED, LONG_TAIL]


@cache
def by_name(name: str) -> Origin:
    """A bundled model, or the long tail."""
    if name == LONG_TAIL:
        return long_tail()
    checkpoint = load_pretrained(name, backend="numpy")
    assert checkpoint.tokenizer is not None
    corpus, held_out = str(checkpoint.training["corpus"]), float(checkpoint.training["held_out"])
    mark, note = None, ""
    if name == "names":
        mark = load_corpus(corpus).memorization_check(held_out)
    else:
        note = "This model has nearly memorised one story."
    return ModelOrigin(name, checkpoint.model, checkpoint.tokenizer, mark, note)


def origin_of(
    model: str | GPT | None,
    corpus: Corpus | Tokenizer | None = None,
    logits: Sequence[float] | Any = None,
    labels: Sequence[str] | None = None,
) -> Origin:
    """What a panel was asked to show.

    A bundled model by name; a GPT, with the corpus it was trained on if its texts are to be marked;
    or a row of logits with labels.
    """
    if logits is not None:
        return FixedOrigin("these numbers", logits, labels)
    if isinstance(model, str):
        if model not in named_origins():
            known = ", ".join(repr(name) for name in BUNDLED)
            raise SettingError(f"there is no model {model!r}; known: {known}, or a GPT of your own")
        return by_name(model)
    if not isinstance(model, GPT):
        raise SettingError(
            f"a view takes a model by name or a GPT with its corpus; got {type(model).__name__}"
        )
    mark = model.mark  # what it really met, if it was trained here
    if mark is None and isinstance(corpus, Corpus) and corpus.format == "lines":
        mark = corpus.memorization_check() if len(corpus.deduplicated()) > 1 else None
    return ModelOrigin("your model", model, tokenizer_of(model, corpus), mark)

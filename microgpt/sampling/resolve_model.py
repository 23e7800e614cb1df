"""`resolve_model`: the GPT, the tokenizer and the memorization check that a view works with."""

from collections.abc import Callable
from typing import Any, NamedTuple

from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.tokenizers import Tokenizer


class ResolvedModel(NamedTuple):
    """A GPT, its tokenizer, and what labels its texts as trained on, held out or new, if known."""

    model: GPT
    tokenizer: Tokenizer
    memorization_check: Callable[[str], str] | None


def resolve_model(model: Any, corpus: Any = None) -> ResolvedModel:
    """What a view needs, from a GPT and its corpus, or from an object that holds all of it.

    `model` is a checkpoint or a trainer, which know their tokenizer; or a GPT with `corpus`, the
    corpus that it was trained on, or its tokenizer. A trainer knows which texts its model has
    seen; a corpus of lines assumes that the model has seen all that `corpus.split()` trains on.
    """
    gpt = getattr(model, "model", model)
    if not isinstance(gpt, GPT):
        raise SettingError("model", "a GPT, a checkpoint or a trainer", type(model))
    memorization_check = getattr(model, "memorization_check", None)
    if isinstance(corpus, Corpus):
        tokenizer: Any = corpus.tokenizer()
        can_be_split = corpus.format == "lines" and len(corpus.deduplicated()) > 1
        if memorization_check is None and can_be_split:
            memorization_check = corpus.memorization_check()
    else:
        tokenizer = getattr(model, "tokenizer", None) if corpus is None else corpus
        if tokenizer is None:
            expected = "given with a model of your own: its corpus, or its tokenizer"
            raise SettingError("corpus", expected, None)
        if not hasattr(tokenizer, "vocab_size"):
            raise SettingError("corpus", "a corpus from mg.load_corpus, or a tokenizer", corpus)
    return ResolvedModel(gpt, tokenizer, memorization_check)

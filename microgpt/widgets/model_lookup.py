"""Turn the `model` and `corpus` arguments of a view into a `TextModel` or a `LogitsSource`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from microgpt.checkpoints import Checkpoint
from microgpt.data import Corpus, load_corpus
from microgpt.errors import Described, SettingError, TokenError
from microgpt.models.context_model import ContextModel
from microgpt.models.gpt import GPT
from microgpt.pretrained import BUNDLED, load_pretrained
from microgpt.tokenizers import Tokenizer, resolve_tokenizer
from microgpt.training import Trainer
from microgpt.widgets.logits_source import (
    ContextLogits,
    FixedLogits,
    LogitsSource,
    ModelLogits,
    TextLogits,
    zipf_logits,
)

LONG_TAIL = "long tail (made-up numbers)"

ModelLike = str | GPT | ContextModel | Trainer | Checkpoint
CorpusLike = Corpus | Tokenizer


@dataclass(frozen=True)
class TextModel:
    """A model, its tokenizer and, if known, a function that labels texts "trained on", "new", …"""

    model: GPT | ContextModel
    tokenizer: Tokenizer
    memorization_check: Callable[[str], str] | None = None


def named_sources() -> list[str]:
    """Return the names of the logits sources that a view offers."""
    return [*BUNDLED, LONG_TAIL]


@cache
def load_source(name: str) -> LogitsSource:
    """Return a bundled model on NumPy, or the made-up long tail, by name."""
    if name == LONG_TAIL:
        return zipf_logits()
    text_model = load_bundled(name, "numpy")
    assert isinstance(text_model.model, GPT)
    note = "" if text_model.memorization_check else "This model has nearly memorised one story."
    return ModelLogits(
        name, text_model.model, text_model.tokenizer, text_model.memorization_check, note
    )


def load_bundled(name: str, backend: str | None = None) -> TextModel:
    """Load a bundled model by name; texts of "names" are labelled by its training split."""
    if name not in BUNDLED:
        raise SettingError("model", "a GPT of your own", name, choices=BUNDLED)
    checkpoint = load_pretrained(name, backend)
    assert checkpoint.tokenizer is not None
    check = None
    if name == "names":
        corpus = load_corpus(str(checkpoint.metadata["corpus"]))
        check = corpus.memorization_check(float(checkpoint.metadata["val_fraction"]))
    return TextModel(checkpoint.model, checkpoint.tokenizer, check)


def resolve_model(
    model: ModelLike, corpus: CorpusLike | None = None, tokenizer: Tokenizer | None = None
) -> TextModel:
    """Find model and tokenizer of a bundled name, a Trainer, a Checkpoint, or a GPT with a corpus.

    The tokenizer is the one that the model was trained or loaded with, else `tokenizer` (which may
    stand in place of the corpus), else that of the corpus. A Trainer knows which texts it was
    trained on; otherwise texts are labelled by the default split of the corpus.
    """
    if isinstance(model, str):
        return load_bundled(model)
    if corpus is not None and not isinstance(corpus, Corpus):
        corpus, tokenizer = None, _check_tokenizer(corpus)
    check: Callable[[str], str] | None = None
    if isinstance(model, Trainer):
        check = model.memorization_check
    elif corpus is not None and corpus.format == "lines" and len(set(corpus)) > 1:
        check = corpus.memorization_check()
    if isinstance(model, Trainer | Checkpoint):
        model = model.model
    if not isinstance(model, GPT | ContextModel):
        raise SettingError("model", "the name of a model, or one with its corpus", type(model))
    return TextModel(model, _tokenizer_of(model, corpus, tokenizer), check)


def _check_tokenizer(tokenizer: Any) -> Tokenizer:
    if not hasattr(tokenizer, "vocab_size"):
        raise SettingError("corpus", "a corpus from mg.load_corpus, or a tokenizer", tokenizer)
    return tokenizer


def _tokenizer_of(model: Any, corpus: Corpus | None, tokenizer: Tokenizer | None) -> Tokenizer:
    """Return the tokenizer of a model; raise if `tokenizer` or `corpus` has other tokens."""
    found = resolve_tokenizer(model, tokenizer)
    if found is None and corpus is None:
        raise SettingError(
            "corpus", "given with a model of your own, to know how it reads", corpus,
            "hand over its corpus, its tokenizer, or the Trainer in the model's place",
        )  # fmt: skip
    if found is None:
        return corpus.tokenizer()  # type: ignore[union-attr]
    for character in sorted(set().union(*corpus.pieces)) if corpus is not None else ():
        try:
            found.encode(character)
        except TokenError:
            raise SettingError(
                "corpus",
                "texts that the model's tokenizer can encode",
                Described(f"{corpus!r}, whose {character!r} is not in {found}"),
            ) from None
    return found


def find_source(
    model: ModelLike | None,
    corpus: CorpusLike | None = None,
    logits: Sequence[float] | Any = None,
    labels: Sequence[str] | None = None,
    tokenizer: Tokenizer | None = None,
) -> LogitsSource:
    """Return the logits source for a row of logits, a name, or arguments of `resolve_model`."""
    if logits is not None:
        return FixedLogits("these numbers", logits, labels)
    if isinstance(model, str) and model in named_sources():
        return load_source(model)
    text_model = resolve_model(model, corpus, tokenizer)  # type: ignore[arg-type]
    parts = "your model", text_model.model, text_model.tokenizer, text_model.memorization_check
    return ModelLogits(*parts) if isinstance(text_model.model, GPT) else ContextLogits(*parts)  # type: ignore[arg-type]


def find_text_source(
    model: ModelLike, corpus: CorpusLike | None = None, tokenizer: Tokenizer | None = None
) -> TextLogits:
    """Like `find_source`, but raise SettingError unless the source is a model that reads text."""
    source = find_source(model, corpus, tokenizer=tokenizer)
    if not isinstance(source, TextLogits):
        raise SettingError("model", "one that reads text, 'names' or 'story'", model)
    return source


def find_gpt_source(
    model: ModelLike, corpus: CorpusLike | None = None, tokenizer: Tokenizer | None = None
) -> ModelLogits:
    """Like `find_text_source`, but raise SettingError unless the model is a GPT."""
    source = find_text_source(model, corpus, tokenizer)
    if not isinstance(source, ModelLogits):
        raise SettingError("model", "a GPT, with blocks to look into", type(source.model))
    return source

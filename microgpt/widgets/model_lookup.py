"""From what a view is given to a model with its tokenizer, and to a source of logits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from microgpt.checkpoints import Checkpoint
from microgpt.data import Corpus, load_corpus
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.pretrained import BUNDLED, load_pretrained
from microgpt.tokenizers import Tokenizer
from microgpt.training import Trainer
from microgpt.widgets.logits_source import FixedLogits, LogitsSource, ModelLogits, zipf_logits

LONG_TAIL = "long tail (made-up numbers)"

ModelLike = str | GPT | Trainer | Checkpoint
CorpusLike = Corpus | Tokenizer


@dataclass(frozen=True)
class TextModel:
    """A model, its tokenizer, and what labels its texts ("trained on", "new", …), if known."""

    model: GPT
    tokenizer: Tokenizer
    memorization_check: Callable[[str], str] | None = None


def named_sources() -> list[str]:
    """The sources that a view offers by name."""
    return [*BUNDLED, LONG_TAIL]


@cache
def load_source(name: str) -> LogitsSource:
    """A bundled model on NumPy, or the long tail."""
    if name == LONG_TAIL:
        return zipf_logits()
    text_model = load_bundled(name, "numpy")
    note = "" if text_model.memorization_check else "This model has nearly memorised one story."
    return ModelLogits(
        name, text_model.model, text_model.tokenizer, text_model.memorization_check, note
    )


def load_bundled(name: str, backend: str | None = None) -> TextModel:
    """A model inside the package by name; texts of "names" are labelled by its training split."""
    if name not in BUNDLED:
        raise SettingError("model", "a GPT of your own", name, choices=BUNDLED)
    checkpoint = load_pretrained(name, backend)
    assert checkpoint.tokenizer is not None
    check = None
    if name == "names":
        corpus = load_corpus(str(checkpoint.metadata["corpus"]))
        check = corpus.memorization_check(float(checkpoint.metadata["val_fraction"]))
    return TextModel(checkpoint.model, checkpoint.tokenizer, check)


def resolve_model(model: ModelLike, corpus: CorpusLike | None = None) -> TextModel:
    """A bundled model by name; a Trainer or Checkpoint; or a GPT with its corpus or tokenizer.

    A Trainer knows which texts it was trained on; else the corpus's default split labels them.
    """
    if isinstance(model, str):
        return load_bundled(model)
    tokenizer = None if corpus is None else _tokenizer_of(corpus)
    check: Callable[[str], str] | None = None
    if isinstance(model, Trainer):
        check = model.memorization_check
    elif isinstance(corpus, Corpus) and corpus.format == "lines":
        check = corpus.memorization_check() if len(corpus.deduplicated()) > 1 else None
    if isinstance(model, Trainer | Checkpoint):
        tokenizer = model.tokenizer if tokenizer is None else tokenizer
        model = model.model
    if not isinstance(model, GPT):
        raise SettingError("model", "the name of a model, or a GPT with its corpus", type(model))
    if tokenizer is None:
        raise SettingError(
            "corpus", "given with a model of your own, to know how it reads", corpus,
            "hand over its corpus, its tokenizer, or the Trainer in the model's place",
        )  # fmt: skip
    return TextModel(model, tokenizer, check)


def _tokenizer_of(corpus: Any) -> Tokenizer:
    if isinstance(corpus, Corpus):
        return corpus.tokenizer()
    if not hasattr(corpus, "vocab_size"):
        raise SettingError("corpus", "a corpus from mg.load_corpus, or a tokenizer", corpus)
    return corpus


def find_source(
    model: ModelLike | None,
    corpus: CorpusLike | None = None,
    logits: Sequence[float] | Any = None,
    labels: Sequence[str] | None = None,
) -> LogitsSource:
    """The source of a view's logits: a row of them, a name, or what `resolve_model` takes."""
    if logits is not None:
        return FixedLogits("these numbers", logits, labels)
    if isinstance(model, str) and model in named_sources():
        return load_source(model)
    text_model = resolve_model(model, corpus)  # type: ignore[arg-type]
    return ModelLogits(
        "your model", text_model.model, text_model.tokenizer, text_model.memorization_check
    )


def find_model_source(model: ModelLike, corpus: CorpusLike | None = None) -> ModelLogits:
    """As `find_source`, for views that need a model that reads text."""
    source = find_source(model, corpus)
    if not isinstance(source, ModelLogits):
        raise SettingError("model", "one that reads text, 'names' or 'story'", model)
    return source

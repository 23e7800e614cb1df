"""Turn the `model` and `corpus` arguments of a view into a `TextModel` or a `LogitsSource`."""

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
    """A model, its tokenizer and, if known, a function that labels texts "trained on", "new", …"""

    model: GPT
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


def resolve_model(model: ModelLike, corpus: CorpusLike | None = None) -> TextModel:
    """Find model and tokenizer of a bundled name, a Trainer, a Checkpoint, or a GPT with a corpus.

    A tokenizer may be given in place of the corpus. A Trainer knows which texts it was trained on;
    otherwise texts are labelled by the default split of the corpus.
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
    """Return the logits source for a row of logits, a name, or arguments of `resolve_model`."""
    if logits is not None:
        return FixedLogits("these numbers", logits, labels)
    if isinstance(model, str) and model in named_sources():
        return load_source(model)
    text_model = resolve_model(model, corpus)  # type: ignore[arg-type]
    return ModelLogits(
        "your model", text_model.model, text_model.tokenizer, text_model.memorization_check
    )


def find_model_source(model: ModelLike, corpus: CorpusLike | None = None) -> ModelLogits:
    """Like `find_source`, but raise SettingError unless the source is a model that reads text."""
    source = find_source(model, corpus)
    if not isinstance(source, ModelLogits):
        raise SettingError("model", "one that reads text, 'names' or 'story'", model)
    return source

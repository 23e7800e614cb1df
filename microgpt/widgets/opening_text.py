"""The text that a view begins with, and how a typed one becomes token ids."""

from collections.abc import Sequence

from microgpt.data import Corpus, load_corpus
from microgpt.errors import SettingError, TokenError
from microgpt.training import Trainer
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.model_lookup import CorpusLike, ModelLike
from microgpt.widgets.typed_text import read_typed_text

FIRST_TEXT_LENGTH = 4  # letters, at least, of the entry that a view begins with


def read_text(source: ModelLogits, typed: str) -> tuple[str, tuple[int, ...]]:
    """Return a text as the model reads it, and its last token ids, as many as the model takes.

    Raises TokenError for characters that are not in the vocabulary, and for no text if the model
    needs one.
    """
    if not isinstance(typed, str):
        raise SettingError("text", "a string", type(typed))
    read = read_typed_text(typed, source.can_encode) if typed.strip() else None
    if read is not None:
        source.check_chars(read.unknown_chars)
    elif source.eos_token_id is None and not typed:
        raise TokenError(f"Type at least one {source.unit}.")
    else:  # blanks only, or nothing
        source.check_chars([char for char in typed if not source.can_encode(char)])
    text = typed if read is None else read.text
    return text, tuple(source.tokenizer.encode(text, bos=True)[-source.block_size :])


def opening_text(texts: Sequence[str]) -> str:
    """Return the first entry of at least four letters, without its last one."""
    entry = next((text for text in texts if len(text) >= FIRST_TEXT_LENGTH), "".join(texts[:1]))
    return entry[:-1]


def held_out_texts(
    source: ModelLogits, model: ModelLike, corpus: CorpusLike | None = None
) -> tuple[str, ...]:
    """Return the entries of a list of lines that the model was not trained on; () of other texts.

    Without a corpus it is that of a Trainer, or of the model "names". Where it is not known what
    the model was trained on, these are the entries that the corpus holds out by default.
    """
    if corpus is None and isinstance(model, Trainer):
        corpus = model.corpus
    elif corpus is None and model == "names":
        corpus = load_corpus("names-mini")
    if not isinstance(corpus, Corpus) or corpus.format != "lines" or len(set(corpus)) < 2:
        return ()
    check = source.memorization_check
    if check is None:
        return tuple(corpus.split_distinct()[1])
    return tuple(text for text in corpus.distinct() if check(text) != "trained on")

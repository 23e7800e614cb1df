"""A little text that a model did not train on, to measure a loss on in a moment."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

MAX_PRODUCTS = 2**34  # multiplications for one loss: a tenth of a second or two
MIN_TOKENS, MAX_TOKENS = 64, 1024
PROSE_FIRST = ("story", "names-mini")  # the bundled texts, in the order to try them
LINE_TOKENS = 8  # of a short line, such as a name
TOKEN_CHARACTERS = 32  # upper bound of a text's average characters per token


class HeldOutText(NamedTuple):
    """Tokens and targets (B, T) to measure a loss on, and what they are, as in "loss on …"."""

    label: str
    batches: list


def held_out_text(checkpoint: Any) -> HeldOutText | None:
    """Return text that the model did not train on, if its checkpoint tells what it trained on.

    Otherwise a text inside the package, which the label names; None if its tokenizer reads none of
    these. Nothing is downloaded.
    """
    from microgpt.errors import MicrogptError

    tokenizer, config = checkpoint.tokenizer, checkpoint.model.config
    if tokenizer is None:
        return None
    count = MAX_PRODUCTS // checkpoint.model.parameter_count()
    count = min(max(count, MIN_TOKENS), MAX_TOKENS)
    for label, load_texts in _candidates(checkpoint.metadata):
        try:
            batches = list(_batches(load_texts(), tokenizer, config.block_size, count))
        except (MicrogptError, OSError):  # it is not here any more, or not in the model's alphabet
            continue
        if batches:
            return HeldOutText(label, batches)
    return None


def _candidates(metadata: dict[str, Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield texts in the order to try them: labels, and functions that load them."""
    from microgpt.data import load_corpus
    from microgpt.data.corpora import BUNDLED_CORPORA

    source, val_fraction = metadata.get("source"), metadata.get("val_fraction")
    name = metadata.get("corpus") if source is None else source
    if isinstance(name, str) and (source is not None or name in BUNDLED_CORPORA):
        reading = (metadata.get(key) for key in ("format", "special", "distinct"))
        label = f"the held-out part of {Path(name).name}"
        yield label, partial(_validation, name, val_fraction, *reading)
    for bundled in sorted(PROSE_FIRST, key=lambda one: one == name):
        trained_on = ", which the model trained on" if bundled == name else ""
        yield f"the bundled {bundled}{trained_on}", partial(load_corpus, bundled)


def _validation(name: str, val_fraction: Any, *reading: Any) -> Any:
    """Load the validation data of a training on this corpus; raise an error of ours if it had none.

    `split` refuses a fraction of 0, or none.
    """
    from microgpt.cli.train_data import load_texts
    from microgpt.data.remote_corpora import REMOTE_CORPORA, is_here
    from microgpt.errors import FormatError

    if name in REMOTE_CORPORA and not is_here(name):
        raise FormatError(f"{name} is not here")
    texts = load_texts(name, *reading)
    if texts.validation is not None:
        return texts.validation
    if texts.is_shards:
        raise FormatError(f"nothing was held out of {name}")
    return texts.corpus.split(val_fraction)[1]


def _batches(texts: Any, tokenizer: Any, block_size: int, count: int) -> Iterator[Any]:
    """Yield about `count` tokens of a corpus or of shards, evenly spaced, and their targets."""
    from microgpt.data import Corpus, DocumentBatches, RandomBatches, encode_text
    from microgpt.data.batches import evenly_spaced

    rows = max(1, count // LINE_TOKENS)
    if isinstance(texts, Corpus) and texts.format == "lines":
        lines = [texts[i] for i in evenly_spaced(len(texts), rows)]
        seq_len = min(block_size, count)
        return DocumentBatches(lines, tokenizer, seq_len, warn=False).eval_batches(rows)
    if isinstance(texts, Corpus):
        text = "".join(chain.from_iterable(texts.pieces))[: TOKEN_CHARACTERS * count]
        texts = encode_text(Corpus(texts.name, (text,), "text"), tokenizer)
    seq_len = min(block_size, count)
    return RandomBatches(texts, seq_len).eval_batches(max(1, count // seq_len))

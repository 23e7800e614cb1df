"""Load corpora: by name, from a file, or from pasted text."""

import hashlib
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from microgpt._io.downloads import fetch
from microgpt.config.checks import check_choice, check_number
from microgpt.data.remote_corpora import REMOTE_CORPORA
from microgpt.data.text_files import (
    check_characters,
    check_surrogates,
    read_text,
    warn_of_mixed_forms,
)
from microgpt.errors import Described, FormatError, SettingError, SettingWarning
from microgpt.plain_text import pluralize
from microgpt.tokenizers import END_OF_TEXT, BPEMerge, CharTokenizer, Tokenizer, gpt2, train_bpe

# Bundled corpus -> its file and its format.
BUNDLED_CORPORA = {"names-mini": ("names-mini.txt", "lines"), "story": ("story.txt", "text")}
FORMATS = ("lines", "text")


@dataclass(frozen=True)
class Corpus:
    """Texts to train on. `format` "lines": each line is a document; "text": one long text.

    A line that comes several times is trained on as often: repeats are weights. `separator`, if it
    is not empty, ends a document within the long text, such as `<|endoftext|>`.
    """

    name: str
    documents: tuple[str, ...]
    format: str = "lines"
    separator: str = ""

    def __post_init__(self) -> None:
        check_choice("format", self.format, FORMATS)
        if not all(isinstance(document, str) for document in self.documents):
            raise SettingError("documents", "strings", self.documents)
        if self.format == "text" and len(self.documents) > 1:
            raise SettingError(
                "a corpus of format 'text'", "one text", Described(f"{len(self.documents)} texts")
            )
        if self.separator and self.format != "text":
            raise SettingError("separator", "left out, since each line is a document")
        if not any(self.documents):
            raise FormatError(
                f"the corpus {self.name!r} is empty; it needs at least one line that is not blank"
            )
        for document in self.documents:
            check_surrogates(document, f"the corpus {self.name!r}")

    def __len__(self) -> int:
        return len(self.documents)

    def __iter__(self) -> Iterator[str]:
        return iter(self.documents)

    def __getitem__(self, index: int) -> str:
        return self.documents[index]

    def __repr__(self) -> str:
        characters = sum(map(len, self.documents))
        if self.format == "text":
            return f"Corpus({self.name!r}: one text of {characters:,} characters)"
        lines = pluralize(len(self), "line")
        repeats = f", {self.num_repeats:,} of them repeats" if self.num_repeats else ""
        return f"Corpus({self.name!r}: {lines}{repeats}, such as {self[0][:30]!r})"

    @property
    def num_repeats(self) -> int:
        """The number of documents that repeat an earlier one."""
        return len(self) - len(set(self.documents))

    @property
    def pieces(self) -> tuple[str, ...]:
        """The documents, or the long text cut at its separator."""
        if not self.separator:
            return self.documents
        return tuple(filter(None, self.documents[0].split(self.separator)))

    def tokenizer(
        self, spec: str = "char", on_merge: Callable[[BPEMerge], object] | None = None
    ) -> Tokenizer:
        """Return a tokenizer for this corpus: "char", "gpt2", or "bpe:1000", trained on it.

        "char" has all characters of the corpus as its vocabulary, and BOS if it has documents.
        "bpe:N" has N tokens, including `<|endoftext|>`; `on_merge` hears of each one learned.
        """
        if spec == "char":
            has_documents = self.format == "lines" or bool(self.separator)
            return CharTokenizer.from_documents(self.pieces, bos=has_documents)
        if spec == "gpt2":
            return gpt2()
        name, _, vocab_size = str(spec).partition(":")
        if name != "bpe" or not re.fullmatch("[0-9]{1,9}", vocab_size):
            expected = "'char', 'gpt2', or 'bpe:' and a number of tokens, such as 'bpe:1000'"
            raise SettingError("tokenizer", expected, spec)
        try:
            return train_bpe(self.pieces, int(vocab_size), on_merge=on_merge)
        except SettingError as error:
            expected = f"bpe:N, where N is {error.expected}"
            raise SettingError("tokenizer", expected, spec, error.remedies) from None

    def distinct(self) -> "Corpus":
        """Return the corpus without repeated lines."""
        return replace(self, documents=tuple(dict.fromkeys(self.documents)))

    def split(self, val_fraction: float = 0.2) -> tuple["Corpus", "Corpus"]:
        """Return the training and the validation split; all copies of a line are in one of them.

        Lines: of the distinct lines, the share with the smallest SHA-256 is held out, so the split
        depends neither on a seed nor on the order; a line with so many copies that more than
        `val_fraction` of the corpus would be held out is passed over. Text: its end is held out.
        """
        check_number("val_fraction", val_fraction, above=0, below=1)
        if self.format == "text":
            text = self.documents[0]
            cut = self._outside_separator(len(text) - max(1, round(val_fraction * len(text))))
            if cut < 1:
                raise FormatError(f"the corpus {self.name!r} is too short to hold a part of it out")
            return replace(self, documents=(text[:cut],)), replace(self, documents=(text[cut:],))
        held_out = self._held_out_lines(val_fraction)
        return (
            replace(self, documents=tuple(line for line in self if line not in held_out)),
            replace(self, documents=tuple(line for line in self if line in held_out)),
        )

    def split_distinct(self, val_fraction: float = 0.2) -> tuple["Corpus", "Corpus"]:
        """Return the split of the corpus without repeated lines: the scoreboard's, and the views'.

        What they measure, and what they ask, is then held out everywhere.
        """
        return self.distinct().split(val_fraction)

    def _outside_separator(self, cut: int) -> int:
        """Return the position, or the start of the separator that it would cut in two."""
        start = max(0, cut - len(self.separator) + 1)
        found = self.documents[0].find(self.separator, start, cut + len(self.separator) - 1)
        return cut if not self.separator or found < 0 else found

    def _held_out_lines(self, val_fraction: float) -> set[str]:
        copies = Counter(self.documents)
        if len(copies) < 2:
            raise FormatError(
                f"the corpus {self.name!r} has {len(copies)} distinct line; two are needed, "
                "one to train on and one to hold out"
            )
        ranked = sorted(copies, key=lambda line: hashlib.sha256(line.encode()).digest())
        max_lines = min(max(1, round(val_fraction * len(copies))), len(copies) - 1)
        max_documents = max(1, round(val_fraction * len(self)))
        held_out: set[str] = set()
        num_documents = 0
        for line in ranked:
            if len(held_out) < max_lines and num_documents + copies[line] <= max_documents:
                held_out.add(line)
                num_documents += copies[line]
        return held_out or {min(ranked, key=lambda line: copies[line])}

    def memorization_check(self, val_fraction: float = 0.2) -> Callable[[str], str]:
        """Return a function that labels a generated text as seen in training, held out, or new.

        The labels are "trained on", "in the list, not trained on" and "new". They are for a model
        trained on the training part of `split(val_fraction)`, or, if `val_fraction` is 0, on the
        whole corpus.
        """
        train = set(self.split(val_fraction)[0].documents if val_fraction else self.documents)
        corpus = set(self.documents)

        def label(text: str) -> str:
            if text in train:
                return "trained on"
            return "in the list, not trained on" if text in corpus else "new"

        return label


def as_corpus(corpus: Corpus | str) -> Corpus:
    """Return the corpus, or load the one of that name."""
    return load_corpus(corpus) if isinstance(corpus, str) else corpus


def load_corpus(
    name: str | Path | None = None,
    *,
    text: str | None = None,
    format: str | None = None,
    special: bool = False,
) -> Corpus:
    """Load a corpus by name, from a file of your own, or from pasted `text`.

    "names-mini" and "story" are inside the package and work offline. "names", "tinyshakespeare" and
    "the-verdict" come from the folder MICROGPT_DATA, else from the cache, else from the network.
    `format` "lines" reads a file or pasted text as one document per line, "text" as one long text.
    With `special`, `<|endoftext|>` ends a document, which may have several lines; otherwise it is
    read as 13 characters. Raises FormatError for a file that holds no UTF-8 text.
    """
    if (name is None) == (text is None):
        raise SettingError(("name", "text"), "given one without the other", (name, text))
    if text is not None:
        return _parse("pasted text", text, format or "lines", special)
    if str(name) in BUNDLED_CORPORA:
        file, its_format = BUNDLED_CORPORA[str(name)]
        asset = resources.files("microgpt.data") / "assets" / file
        return _parse(str(name), asset.read_text("utf-8"), format or its_format, special)
    if str(name) in REMOTE_CORPORA:
        remote = REMOTE_CORPORA[str(name)]
        return _parse(str(name), read_text(fetch(remote)), format or remote.format, special)
    path = Path(str(name)).expanduser()
    if not path.is_file():
        if path.is_dir():
            raise SettingError(
                "corpus", "one text file, or the name of a corpus", Described(f"the folder {path}")
            )
        raise SettingError(
            "corpus", "a text file", str(name), choices=(*BUNDLED_CORPORA, *REMOTE_CORPORA)
        )
    return _parse(path.name, read_text(path), format or "lines", special)


def _parse(name: str, text: str, format: str, special: bool) -> Corpus:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    check_characters(text, name)
    warn_of_mixed_forms(text, name)
    if not special and (count := text.count(END_OF_TEXT)):
        warnings.warn(
            SettingWarning(
                f"{name} holds {END_OF_TEXT} {pluralize(count, 'time')}, which is read as "
                f"{len(END_OF_TEXT)} characters",
                "{special} makes it the end of a document",
                special=True,
            ),
            stacklevel=3,
        )
    if format == "text":
        separator = END_OF_TEXT if special else ""
        return Corpus(name, (text,) if text.strip() else (), format, separator)
    pieces = text.split(END_OF_TEXT if special else "\n")
    return Corpus(name, tuple(filter(None, map(str.strip, pieces))), format)

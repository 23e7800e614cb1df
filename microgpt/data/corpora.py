"""Load corpora: by name, from a file, or from pasted text."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from microgpt._io.downloads import fetch
from microgpt.config.checks import check_choice, check_number
from microgpt.data.remote_corpora import REMOTE_CORPORA
from microgpt.errors import Described, FormatError, SettingError
from microgpt.tokenizers import CharTokenizer, Tokenizer, gpt2, train_bpe

# Bundled corpus -> its file and its format.
BUNDLED_CORPORA = {"names-mini": ("names-mini.txt", "lines"), "story": ("story.txt", "text")}
FORMATS = ("lines", "text")


@dataclass(frozen=True)
class Corpus:
    """Texts to train on. `format` "lines": each line is a document; "text": one long text."""

    name: str
    documents: tuple[str, ...]
    format: str = "lines"

    def __post_init__(self) -> None:
        check_choice("format", self.format, FORMATS)
        if self.format == "text" and len(self.documents) > 1:
            raise SettingError(
                "a corpus of format 'text'", "one text", Described(f"{len(self.documents)} texts")
            )
        if not any(self.documents):
            raise FormatError(
                f"the corpus {self.name!r} is empty; it needs at least one line that is not blank"
            )

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
        return f"Corpus({self.name!r}: {len(self):,} lines, such as {self.documents[0][:30]!r})"

    def tokenizer(self, spec: str = "char") -> Tokenizer:
        """Return a tokenizer for this corpus: "char", "gpt2", or "bpe:1000", trained on it.

        "char" has all characters of the corpus as its vocabulary, and BOS for a corpus of lines.
        "bpe:N" has N tokens, including `<|endoftext|>`.
        """
        if spec == "char":
            return CharTokenizer.from_documents(self.documents, bos=self.format == "lines")
        if spec == "gpt2":
            return gpt2()
        name, _, vocab_size = str(spec).partition(":")
        if name != "bpe" or not re.fullmatch("[0-9]{1,9}", vocab_size):
            expected = "'char', 'gpt2', or 'bpe:' and a number of tokens, such as 'bpe:1000'"
            raise SettingError("tokenizer", expected, spec)
        try:
            return train_bpe(self.documents, int(vocab_size))
        except SettingError as error:
            expected = f"bpe:N, where N is {error.expected}"
            raise SettingError("tokenizer", expected, spec, error.remedies) from None

    def deduplicated(self) -> "Corpus":
        """Return the corpus without repeated lines."""
        return replace(self, documents=tuple(dict.fromkeys(self.documents)))

    def split(self, val_fraction: float = 0.2) -> tuple["Corpus", "Corpus"]:
        """Return the training and the validation split, without overlap.

        Lines: duplicates are removed first, and the lines with the smallest SHA-256 are held out,
        so the split depends neither on a seed nor on the order. Text: its end is held out.
        """
        check_number("val_fraction", val_fraction, above=0, below=1)
        if self.format == "text":
            text = self.documents[0]
            cut = len(text) - max(1, round(val_fraction * len(text)))
            if cut < 1:
                raise FormatError(f"the corpus {self.name!r} is too short to hold a part of it out")
            return replace(self, documents=(text[:cut],)), replace(self, documents=(text[cut:],))
        distinct = self.deduplicated().documents
        if len(distinct) < 2:
            raise FormatError(
                f"the corpus {self.name!r} has {len(distinct)} distinct line; two are needed, "
                "one to train on and one to hold out"
            )
        ranked = sorted(distinct, key=lambda line: hashlib.sha256(line.encode()).digest())
        held_out = set(ranked[: max(1, round(val_fraction * len(distinct)))])
        if len(held_out) == len(distinct):
            held_out.remove(ranked[-1])
        train = tuple(line for line in distinct if line not in held_out)
        return replace(self, documents=train), replace(
            self, documents=tuple(line for line in distinct if line in held_out)
        )

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


def load_corpus(
    name: str | Path | None = None, *, text: str | None = None, format: str | None = None
) -> Corpus:
    """Load a corpus by name, from a file of your own, or from pasted `text`.

    "names-mini" and "story" are inside the package and work offline. "names", "tinyshakespeare" and
    "the-verdict" come from the folder MICROGPT_DATA, else from the cache, else from the network.
    `format` "lines" reads a file or pasted text as one document per line, "text" as one long text.
    """
    if (name is None) == (text is None):
        raise SettingError(("name", "text"), "given one without the other", (name, text))
    if text is not None:
        return _parse("pasted text", text, format or "lines")
    if str(name) in BUNDLED_CORPORA:
        file, its_format = BUNDLED_CORPORA[str(name)]
        asset = resources.files("microgpt.data") / "assets" / file
        return _parse(str(name), asset.read_text("utf-8"), format or its_format)
    if str(name) in REMOTE_CORPORA:
        remote = REMOTE_CORPORA[str(name)]
        return _parse(str(name), _read(fetch(remote)), format or remote.format)
    path = Path(str(name)).expanduser()
    if not path.is_file():
        if path.is_dir():
            raise SettingError(
                "corpus", "one text file, or the name of a corpus", Described(f"the folder {path}")
            )
        raise SettingError(
            "corpus", "a text file", str(name), choices=(*BUNDLED_CORPORA, *REMOTE_CORPORA)
        )
    return _parse(path.name, _read(path), format or "lines")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path} is not UTF-8 text: byte {error.start} cannot be read; save it as UTF-8"
        ) from None


def _parse(name: str, text: str, format: str) -> Corpus:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if format == "text":
        return Corpus(name, (text,) if text.strip() else (), format)
    lines = (line.strip() for line in text.split("\n"))
    return Corpus(name, tuple(line for line in lines if line), format)

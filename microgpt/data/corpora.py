"""Corpora: by name, from a file, or from pasted text."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from microgpt._io.downloads import fetch
from microgpt.data.remote_corpora import REMOTE_CORPORA
from microgpt.errors import FormatError, SettingError
from microgpt.tokenizers import CharTokenizer, Tokenizer, gpt2, train_bpe

# Corpus inside the package -> its file and its kind.
BUNDLED_CORPORA = {"names-mini": ("names-mini.txt", "lines"), "story": ("story.txt", "text")}
KINDS = ("lines", "text")


@dataclass(frozen=True)
class Corpus:
    """Texts to learn from. `format` "lines": each document stands alone; "text": one long text."""

    name: str
    documents: tuple[str, ...]
    format: str = "lines"

    def __post_init__(self) -> None:
        if self.format not in KINDS:
            raise SettingError(f"kind={self.format!r} is not known; known: 'lines', 'text'")
        if self.format == "text" and len(self.documents) > 1:
            raise SettingError(f"a corpus of kind 'text' is one text; got {len(self.documents)}")
        if not any(self.documents):
            raise FormatError(
                f"the corpus {self.name!r} is empty; it needs at least one line that is not blank"
            )

    def __len__(self) -> int:
        return len(self.documents)

    def __iter__(self) -> Iterator[str]:
        return iter(self.documents)

    def __getitem__(self, place: int) -> str:
        return self.documents[place]

    def __repr__(self) -> str:
        characters = sum(map(len, self.documents))
        if self.format == "text":
            return f"Corpus({self.name!r}: one text of {characters:,} characters)"
        return f"Corpus({self.name!r}: {len(self):,} lines, such as {self.documents[0][:30]!r})"

    def tokenizer(self, spec: str = "char") -> Tokenizer:
        """A tokenizer for this corpus: "char", "gpt2", or "bpe:1000", learned from it.

        "char" is the vocabulary of all its characters; lines get a BOS, one text needs none.
        "bpe:N" has N tokens, `<|endoftext|>` among them.
        """
        if format == "char":
            return CharTokenizer.from_documents(self.documents, bos=self.format == "lines")
        if format == "gpt2":
            return gpt2()
        name, _, size = str(format).partition(":")
        if name != "bpe" or not re.fullmatch("[0-9]{1,9}", size):
            raise SettingError(
                f"a tokenizer is 'char', 'gpt2', or 'bpe:' and a number of tokens, such as "
                f"'bpe:1000'; got {format!r:.80}"
            )
        return train_bpe(self.documents, int(size))

    def deduplicated(self) -> "Corpus":
        """The corpus without repeated lines."""
        return replace(self, documents=tuple(dict.fromkeys(self.documents)))

    def split(self, held_out: float = 0.2) -> tuple["Corpus", "Corpus"]:
        """A part to train on and a part held out, with nothing in both.

        Lines: repeats are removed first, and those with the smallest SHA-256 are held out, so the
        split depends on no seed and no order. Text: its end is held out.
        """
        if not 0 < held_out < 1:
            raise SettingError(f"held_out must be between 0 and 1; got {held_out}")
        if self.format == "text":
            text = self.documents[0]
            cut = len(text) - max(1, round(held_out * len(text)))
            if cut < 1:
                raise FormatError(f"the corpus {self.name!r} is too short to hold a part of it out")
            return replace(self, documents=(text[:cut],)), replace(self, documents=(text[cut:],))
        deduplicated = self.deduplicated().documents
        if len(deduplicated) < 2:
            raise FormatError(
                f"the corpus {self.name!r} has {len(deduplicated)} distinct line; two are needed, "
                "one to learn from and one to hold out"
            )
        ranked = sorted(deduplicated, key=lambda line: hashlib.sha256(line.encode()).digest())
        out = set(ranked[: max(1, round(held_out * len(deduplicated)))])
        if len(out) == len(deduplicated):
            out.remove(ranked[-1])
        train = tuple(line for line in deduplicated if line not in out)
        return replace(self, documents=train), replace(
            self, documents=tuple(line for line in deduplicated if line in out)
        )

    def memorization_check(self, held_out: float = 0.2) -> Callable[[str], str]:
        """A function that says of a text whether a model trained on this corpus has met it.

        "trained on", "in the list, not trained on" (it is held out), or "new".
        """
        train = set(self.split(held_out)[0].documents if held_out else self.documents)
        known = set(self.documents)

        def mark(text: str) -> str:
            if text in train:
                return "trained on"
            return "in the list, not trained on" if text in known else "new"

        return mark


def load_corpus(
    name: str | Path | None = None, *, text: str | None = None, format: str | None = None
) -> Corpus:
    """A corpus by name, a file of your own, or `text` that you paste.

    Names: "names-mini" and "story" (inside the package, work offline), "names",
    "tinyshakespeare", "the-verdict" (found in the folder MICROGPT_DATA, else in the cache, else
    downloaded).
    A file or a paste is read as `format` "lines", one document a line, or as one long "text".
    """
    if (name is None) == (text is None):
        raise SettingError("load_corpus takes either a name (or file), or text=…")
    if text is not None:
        return _parsed("pasted text", text, format or "lines")
    if str(name) in BUNDLED_CORPORA:
        file, its_kind = BUNDLED_CORPORA[str(name)]
        asset = resources.files("microgpt.data") / "assets" / file
        return _parsed(str(name), asset.read_text("utf-8"), format or its_kind)
    if str(name) in REMOTE_CORPORA:
        source = REMOTE_CORPORA[str(name)]
        return _parsed(str(name), _read(fetch(source)), format or source.format)
    path = Path(str(name)).expanduser()
    if not path.is_file():
        if path.is_dir():
            raise SettingError(f"{path} is a folder; a corpus is one text file")
        known = ", ".join(repr(known) for known in (*BUNDLED_CORPORA, *REMOTE_CORPORA))
        raise SettingError(f"there is no corpus and no file {str(name)!r}; corpora: {known}")
    return _parsed(path.name, _read(path), format or "lines")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path} is not UTF-8 text: byte {error.start} cannot be read; save it as UTF-8"
        ) from None


def _parsed(name: str, text: str, format: str) -> Corpus:
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if format == "text":
        return Corpus(name, (text,) if text.strip() else (), format)
    lines = (line.strip() for line in text.split("\n"))
    return Corpus(name, tuple(line for line in lines if line), format)

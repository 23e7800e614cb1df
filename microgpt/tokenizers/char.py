"""`CharTokenizer`: one token for each character, in any script."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from microgpt.errors import FormatError, TokenError
from microgpt.plain_text import BOS_LABEL
from microgpt.tokenizers.validation import has_surrogates


class CharTokenizer:
    """The distinct characters of some texts, sorted, are tokens 0, 1, …; the last token is BOS.

    BOS (beginning of sequence) precedes a document and, as EOS, follows it. Without BOS
    (`bos=False`, for one long text) `bos_token_id` is None.
    """

    def __init__(self, characters: Iterable[str], bos: bool = True):
        self.characters = sorted(set(characters))
        for character in self.characters:
            if not isinstance(character, str) or len(character) != 1:
                raise FormatError(
                    f"a character vocabulary holds single characters; got {character!r}"
                )
            if has_surrogates(character):
                raise FormatError(
                    f"a tokenizer's characters must be whole; {character!r} is half of a pair"
                )
        self.ids = {character: token for token, character in enumerate(self.characters)}
        self.bos_token_id = len(self.characters) if bos else None
        self.vocab_size = len(self.characters) + bos

    @classmethod
    def from_documents(cls, documents: Iterable[str], bos: bool = True) -> "CharTokenizer":
        """Build a tokenizer with all characters of these documents."""
        characters: set[str] = set()
        for document in documents:
            characters.update(document)
        if not characters:
            raise TokenError("a vocabulary needs at least one character; the corpus is empty")
        return cls(characters, bos)

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "CharTokenizer":
        """Rebuild the tokenizer from the dictionary of `to_dict`, with sorted characters."""
        characters, bos = description.get("characters"), description.get("bos")
        if not isinstance(characters, str):
            raise FormatError(
                f"a character tokenizer is described by its characters; got {characters!r:.80}"
            )
        if set(description) != {"type", "characters", "bos"} or not isinstance(bos, bool):
            raise FormatError(
                "a character tokenizer is described by type, characters and bos (true or false); "
                f"got {description!r:.200}"
            )
        if list(characters) != sorted(set(characters)):
            raise FormatError(
                "a tokenizer's characters must be sorted, each once, for their indices are the "
                f"token ids; got {characters!r:.80}"
            )
        return cls(characters, bos)

    def __repr__(self) -> str:
        bos = "" if self.bos_token_id is None else " and BOS"
        return f"CharTokenizer({self.vocab_size} tokens: {''.join(self.characters[:40])!r}{bos})"

    @property
    def eos_token_id(self) -> int | None:
        """The EOS token after a document: BOS, which also precedes the next document."""
        return self.bos_token_id

    @property
    def default_prompt(self) -> str:
        """The prompt if none is given: empty with BOS, else a newline or the first character."""
        if self.bos_token_id is not None:
            return ""
        return "\n" if "\n" in self.ids else self.characters[0]

    def encode(self, text: str, bos: bool = False, eos: bool = False) -> list[int]:
        """Return the token ids of a text, with BOS, if any, before (`bos`) and after it (`eos`)."""
        try:
            tokens = [self.ids[character] for character in text]
        except KeyError:
            index = next(i for i, character in enumerate(text) if character not in self.ids)
            raise TokenError(
                f"the vocabulary has no {text[index]!r} (character {index + 1} of "
                f"{_shorten(text)!r}); it has {_shorten(''.join(self.characters), 100)!r}",
                self._remedy(text),
            ) from None
        separator = [] if self.bos_token_id is None else [self.bos_token_id]
        return separator * bos + tokens + separator * eos

    def _remedy(self, text: str) -> str:
        """What to do if only another Unicode form of a text is in the vocabulary, else ""."""
        for form in ("NFC", "NFD"):
            if set(unicodedata.normalize(form, text)) <= self.ids.keys():  # type: ignore[arg-type]
                return f"the same text in another form is known: unicodedata.normalize({form!r}, …)"
        return ""

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of token ids, without BOS."""
        return "".join(self.token_text(token) for token in tokens if token != self.bos_token_id)

    def token_text(self, token: int) -> str:
        """Return the character of one token; BOS is shown as ⟨BOS⟩."""
        if not 0 <= token < self.vocab_size:
            raise TokenError(f"token ids go from 0 to {self.vocab_size - 1}; got {token}")
        return BOS_LABEL if token == self.bos_token_id else self.characters[token]

    def to_dict(self) -> dict[str, Any]:
        """Return the complete tokenizer as a JSON-serializable dictionary."""
        characters = "".join(self.characters)
        return {"type": "char", "characters": characters, "bos": self.bos_token_id is not None}


def _shorten(text: str, length: int = 40) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"

"""`CharTokenizer`: one token a character, in any script.

What it does not do: merge frequent pairs, as GPT-2's tokenizer does.
"""

from collections.abc import Iterable
from typing import Any

from microgpt.errors import FormatError, TokenError


class CharTokenizer:
    """The sorted distinct characters of some texts are tokens 0, 1, …; the last token is BOS.

    BOS (beginning of sequence) stands before a text and, as its end, after it. Without it
    (`bos=False`, for one long text) `bos` is None.
    """

    def __init__(self, characters: Iterable[str], bos: bool = True):
        self.characters = sorted(set(characters))
        for character in self.characters:
            if not isinstance(character, str) or len(character) != 1:
                raise FormatError(
                    f"a character vocabulary holds single characters; got {character!r}"
                )
        self.ids = {character: token for token, character in enumerate(self.characters)}
        self.bos = len(self.characters) if bos else None
        self.vocab_size = len(self.characters) + bos

    @classmethod
    def from_documents(cls, documents: Iterable[str], bos: bool = True) -> "CharTokenizer":
        """The vocabulary of these texts."""
        characters: set[str] = set()
        for document in documents:
            characters.update(document)
        if not characters:
            raise TokenError("a vocabulary needs at least one character; the corpus is empty")
        return cls(characters, bos)

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "CharTokenizer":
        """What `to_dict` described; ids follow from the order, so nothing is put right here."""
        characters, bos = description.get("characters"), description.get("bos")
        if not isinstance(characters, str):
            raise FormatError(
                f"a character tokenizer is described by its characters; got {characters!r:.80}"
            )
        if any("\ud800" <= character <= "\udfff" for character in characters):
            raise FormatError("a tokenizer's characters must be whole; one is half of a pair")
        if set(description) != {"kind", "characters", "bos"} or not isinstance(bos, bool):
            raise FormatError(
                "a character tokenizer is described by kind, characters and bos (true or false); "
                f"got {description!r:.200}"
            )
        if list(characters) != sorted(set(characters)):
            raise FormatError(
                "a tokenizer's characters must be sorted, each once, for their places are the "
                f"token ids; got {characters!r:.80}"
            )
        return cls(characters, bos)

    def __repr__(self) -> str:
        characters, mark = "".join(self.characters[:40]), "" if self.bos is None else " and BOS"
        return f"CharTokenizer({self.vocab_size} tokens: {characters!r}{mark})"

    @property
    def eos_token_id(self) -> int | None:
        """What ends a text: BOS, which stands after it as before the next one."""
        return self.bos

    @property
    def default_prompt(self) -> str:
        """What a text starts from if nothing is given: nothing after BOS, else a new line."""
        if self.bos is not None:
            return ""
        return "\n" if "\n" in self.ids else self.characters[0]

    def encode(self, text: str, bos: bool = False, eos: bool = False) -> list[int]:
        """The token ids of a text, with BOS before (`bos`) and after it (`eos`) if there is one."""
        try:
            tokens = [self.ids[character] for character in text]
        except KeyError:
            place = next(i for i, character in enumerate(text) if character not in self.ids)
            raise TokenError(
                f"the vocabulary has no {text[place]!r} (character {place + 1} of "
                f"{_shortened(text)!r}); it has {_shortened(''.join(self.characters), 100)!r}"
            ) from None
        mark = [] if self.bos is None else [self.bos]
        return mark * bos + tokens + mark * eos

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of some token ids; BOS is left out."""
        return "".join(self.token_text(token) for token in tokens if token != self.bos)

    def token_text(self, token: int) -> str:
        """What one token stands for; BOS is shown as ⟨BOS⟩."""
        if not 0 <= token < self.vocab_size:
            raise TokenError(f"token ids go from 0 to {self.vocab_size - 1}; got {token}")
        return "⟨BOS⟩" if token == self.bos else self.characters[token]

    def to_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        characters = "".join(self.characters)
        return {"kind": "char", "characters": characters, "bos": self.bos is not None}


def _shortened(text: str, length: int = 40) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"

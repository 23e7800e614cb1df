"""`BPETokenizer`: byte pairs, as in GPT-2. Any text has tokens, and every token has its bytes."""

import functools
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from microgpt.errors import FormatError, SettingError, TokenError
from microgpt.tokenizers.bpe_merge import merge_all
from microgpt.tokenizers.pretokenization import (
    GPT2_PATTERN,
    GPT2_PATTERN_FOR_TIKTOKEN,
    pretokenize,
    compile_pattern,
    check_text,
)
from microgpt.tokenizers.validation import (
    checked_bytes,
    checked_counts,
    checked_merges,
    checked_names,
)

END_OF_TEXT = "<|endoftext|>"
REMEMBERED = 2**16  # chunks; they are short, and the same ones come again and again
# tiktoken's splitting fails at a million spaces in a row; there our own goes on.
MANY_SPACES = 100_000


class BPETokenizer:
    """The 256 bytes, then one token for each pair in `merges`, then the special tokens.

    merges: pairs of token ids, the pair learned first first; `counts` says how often each one
    was met in training, if that is known. `byte_order` gives the bytes of tokens 0 to 255
    (default: in order). The special token `<|endoftext|>`, if there is one, is `eos_token_id` and
    `bos`: it stands between texts. Merges that cannot be are a FormatError.
    """

    def __init__(
        self,
        merges: Sequence[tuple[int, int]],
        special_tokens: Iterable[str] = (END_OF_TEXT,),
        pattern: str = GPT2_PATTERN,
        byte_order: Sequence[int] = range(256),
        counts: Sequence[int] | None = None,
    ):
        self.byte_order = checked_bytes(byte_order)
        self.merges = checked_merges(merges)
        self.counts = checked_counts(counts, len(self.merges))
        names = checked_names(special_tokens)
        self.pattern = pattern
        try:
            compile_pattern(pattern)
        except SettingError as error:
            raise FormatError(str(error)) from None
        self.special_tokens = {
            name: token for token, name in enumerate(names, 256 + len(self.merges))
        }
        self._ordinary_tokens = 256 + len(self.merges)
        self.vocab_size = self._ordinary_tokens + len(names)
        self.eos_token_id = self.special_tokens.get(END_OF_TEXT)
        self._born = {pair: token for token, pair in enumerate(self.merges, 256)}
        self._bytes = [bytes([byte]) for byte in self.byte_order]
        for left, right in self.merges:
            self._bytes.append(self._bytes[left] + self._bytes[right])
        self._bytes += [name.encode() for name in names]
        self._token_of_byte = {byte: token for token, byte in enumerate(self.byte_order)}
        self._remembered: dict[str, list[int]] = {}

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "BPETokenizer":
        """What `to_dict` described."""
        needed = {"kind", "byte_order", "merges", "counts", "special_tokens", "pattern"}
        if set(description) != needed:
            raise FormatError(
                f"a byte-pair tokenizer is described by {sorted(needed)}; got "
                f"{sorted(map(str, description))!r:.200}"
            )
        return cls(**{name: description[name] for name in needed - {"kind"}})

    def to_dict(self) -> dict[str, Any]:
        """All there is to it, as JSON can hold it: no other file is needed."""
        return {
            "kind": "bpe",
            "byte_order": list(self.byte_order),
            "merges": [list(pair) for pair in self.merges],
            "counts": None if self.counts is None else list(self.counts),
            "special_tokens": list(self.special_tokens),
            "pattern": self.pattern,
        }

    def __repr__(self) -> str:
        special = "".join(f", {name}" for name in self.special_tokens)
        return (
            f"BPETokenizer({self.vocab_size:,} tokens: 256 bytes, {len(self.merges):,} merges"
            f"{special:.80})"
        )

    @property
    def bos(self) -> int | None:
        """What stands before and after a text: the end of the text before it."""
        return self.eos_token_id

    @property
    def default_prompt(self) -> str:
        """What a text starts from if nothing is given: nothing after BOS, else a new line."""
        return "\n" if self.bos is None else ""

    def encode(
        self, text: str, bos: bool = False, eos: bool = False, special: str | Iterable[str] = ()
    ) -> list[int]:
        """The token ids of a text, with `<|endoftext|>` before (`bos`) and after it (`eos`).

        The name of a special token in a text is ordinary text, so that nobody's text ends a
        document by accident; `special` lists the names to be read as tokens, or is "all".
        """
        return self._encode(text, bos, eos, special, self._ordinary)

    def encode_reference(
        self, text: str, bos: bool = False, eos: bool = False, special: str | Iterable[str] = ()
    ) -> list[int]:
        """The same as `encode`, by code that reads: `pretokenize`, then `merge_all` for each."""
        return self._encode(text, bos, eos, special, self._ordinary_slowly)

    def encode_bytes(self, data: bytes) -> list[int]:
        """The token ids of any bytes; what is not UTF-8 is split from the text around it."""
        if not isinstance(data, bytes):
            raise TokenError(f"encode_bytes takes bytes; got {type(data).__name__}")
        text = data.decode("utf-8", "surrogateescape")
        tokens: list[int] = []
        for place, part in enumerate(re.split("([\udc80-\udcff]+)", text)):
            if place % 2:
                tokens += self._merged(part.encode("utf-8", "surrogateescape"))
            else:
                tokens += self._ordinary(part)
        return tokens

    def decode(self, tokens: Iterable[int], special: bool = False) -> str:
        """The text of some token ids; special tokens are left out, or shown (`special`).

        A part of a character, as a single token may be, becomes �.
        """
        tokens = map(self._checked, tokens)
        if not special:
            tokens = (token for token in tokens if token < self._ordinary_tokens)
        return self.decode_bytes(tokens).decode("utf-8", "replace")

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """The bytes of some token ids, special tokens by their names."""
        return b"".join(map(self.token_bytes, tokens))

    def token_bytes(self, token: int) -> bytes:
        """The bytes that one token stands for; a special token has those of its name."""
        return self._bytes[self._checked(token)]

    def token_text(self, token: int) -> str:
        """What one token stands for; bytes that are no whole character are shown as ⟨E2 9C⟩."""
        content = self.token_bytes(token)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return f"⟨{content.hex(' ').upper()}⟩"

    def _checked(self, token: int) -> int:
        try:
            if 0 <= (number := operator.index(token)) < self.vocab_size:
                return number
        except TypeError:
            pass
        raise TokenError(f"token ids go from 0 to {self.vocab_size - 1}; got {token!r:.80}")

    def _encode(
        self,
        text: str,
        bos: bool,
        eos: bool,
        special: str | Iterable[str],
        ordinary: Callable[[str], list[int]],
    ) -> list[int]:
        check_text(text)
        mark = [] if self.bos is None else [self.bos]
        tokens = mark * bos
        names = self._asked_for(special)
        if not names:
            return tokens + ordinary(text) + mark * eos
        for part in re.split(f"({'|'.join(map(re.escape, names))})", text):
            tokens += [self.special_tokens[part]] if part in names else ordinary(part)
        return tokens + mark * eos

    def _asked_for(self, special: str | Iterable[str]) -> list[str]:
        if isinstance(special, str):
            special = self.special_tokens if special == "all" else (special,)
        asked = tuple(special)
        for name in asked:
            if name not in self.special_tokens:
                known = ", ".join(map(repr, self.special_tokens)) or "none"
                raise SettingError(f"there is no special token {name!r:.80}; known: {known:.200}")
        return sorted(set(asked), key=len, reverse=True)  # the longest is tried first

    @functools.cached_property
    def _tiktoken(self) -> Any:
        """tiktoken with these merges, or None where it is not installed or splits otherwise."""
        if self.pattern != GPT2_PATTERN:
            return None
        try:
            import tiktoken
        except ImportError:
            return None
        ordinary = self._bytes[: self._ordinary_tokens]
        ranks = {content: token for token, content in enumerate(ordinary)}
        return tiktoken.Encoding(
            "microgpt", pat_str=GPT2_PATTERN_FOR_TIKTOKEN, mergeable_ranks=ranks, special_tokens={}
        )

    def _ordinary(self, text: str) -> list[int]:
        if self._tiktoken is None or _has_many_spaces(text):
            return self._ordinary_slowly(text)
        return self._tiktoken.encode_ordinary(text)

    def _ordinary_slowly(self, text: str) -> list[int]:
        tokens: list[int] = []
        for chunk in pretokenize(text, self.pattern):
            known = self._remembered.get(chunk)
            if known is None:
                known = self._merged(chunk.encode())
                if len(self._remembered) >= REMEMBERED:
                    self._remembered.clear()
                if len(chunk) <= 64:
                    self._remembered[chunk] = known
            tokens += known
        return tokens

    def _merged(self, content: bytes) -> list[int]:
        return merge_all([self._token_of_byte[byte] for byte in content], self._born)


def _has_many_spaces(text: str) -> bool:
    if len(text) < MANY_SPACES:
        return False
    return re.search(rf"(?<!\s)\s{{{MANY_SPACES}}}", text) is not None

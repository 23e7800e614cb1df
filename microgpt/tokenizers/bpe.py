"""`BPETokenizer`: byte-level BPE, as in GPT-2, which can encode any text."""

import operator
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from microgpt.errors import FormatError, SettingError, TokenError
from microgpt.tokenizers.chunk_encoder import ChunkEncoder
from microgpt.tokenizers.pretokenization import GPT2_PATTERN, check_text, compile_pattern
from microgpt.tokenizers.validation import (
    check_byte_order,
    check_counts,
    check_document_token,
    check_merges,
    check_num_leading_special,
    check_special_tokens,
)

END_OF_TEXT = "<|endoftext|>"
FIELDS = {"type", "byte_order", "merges", "counts", "special_tokens", "pattern"}
OPTIONAL_FIELDS = {"num_leading_special", "bos_token", "eos_token"}  # in a description if not usual


class BPETokenizer:
    """Byte-level BPE: 256 byte tokens, one token for each pair in `merges`, and the special tokens.

    `merges` are pairs of token ids in the order they were learned; `counts`, if known, are how
    often each pair occurred in training. `byte_order` gives the bytes of tokens 0 to 255 (default:
    in order). The first `num_leading_special` special tokens have the ids before the bytes, the
    others those after the merges. `eos_token` names the special token that ends a document
    (default: `<|endoftext|>`, if there is one), `bos_token` the one that begins it (default: the
    same). Raises FormatError for inconsistent merges.
    """

    def __init__(
        self,
        merges: Sequence[tuple[int, int]],
        special_tokens: Iterable[str] = (END_OF_TEXT,),
        pattern: str = GPT2_PATTERN,
        byte_order: Sequence[int] = range(256),
        counts: Sequence[int] | None = None,
        num_leading_special: int = 0,
        bos_token: str | None = None,
        eos_token: str | None = None,
    ):
        names = check_special_tokens(special_tokens)
        first = check_num_leading_special(num_leading_special, names)
        self.byte_order = check_byte_order(byte_order)
        self.merges = check_merges(merges, first)
        self.counts = check_counts(counts, len(self.merges))
        self.pattern = pattern
        try:
            compile_pattern(pattern)
        except SettingError as error:
            raise FormatError(str(error)) from None
        end = first + 256 + len(self.merges)
        self.ordinary_ids = range(first, end)
        ids = (*range(first), *range(end, end + len(names) - first))
        self.special_tokens = dict(zip(names, ids, strict=True))
        self.vocab_size = 256 + len(self.merges) + len(names)
        self.eos_token = check_document_token("eos_token", eos_token, names)
        if eos_token is None and END_OF_TEXT in names:
            self.eos_token = END_OF_TEXT
        self.bos_token = check_document_token("bos_token", bos_token, names) or self.eos_token
        self.eos_token_id = self._special_id(self.eos_token)
        self.bos_token_id = self._special_id(self.bos_token)
        self._chunks = ChunkEncoder(pattern, self.byte_order, self.merges, first)
        special = [name.encode() for name in names]
        self._bytes = [*special[:first], *self._chunks.token_bytes, *special[first:]]

    @classmethod
    def from_dict(cls, description: dict[str, Any]) -> "BPETokenizer":
        """Rebuild the tokenizer from the dictionary of `to_dict`."""
        if not FIELDS <= set(description) <= FIELDS | OPTIONAL_FIELDS:
            raise FormatError(
                f"a byte-pair tokenizer is described by {sorted(FIELDS)}; got "
                f"{sorted(map(str, description))!r:.200}"
            )
        return cls(**{name: value for name, value in description.items() if name != "type"})

    def to_dict(self) -> dict[str, Any]:
        """Return the complete tokenizer as a JSON-serializable dictionary."""
        description: dict[str, Any] = {
            "type": "bpe",
            "byte_order": list(self.byte_order),
            "merges": [list(pair) for pair in self.merges],
            "counts": None if self.counts is None else list(self.counts),
            "special_tokens": list(self.special_tokens),
            "pattern": self.pattern,
        }
        if self.ordinary_ids.start:
            description["num_leading_special"] = self.ordinary_ids.start
        if self.eos_token not in (None, END_OF_TEXT):
            description["eos_token"] = self.eos_token
        if self.bos_token != self.eos_token:
            description["bos_token"] = self.bos_token
        return description

    def __repr__(self) -> str:
        special = "".join(f", {name}" for name in self.special_tokens)
        return (
            f"BPETokenizer({self.vocab_size:,} tokens: 256 bytes, {len(self.merges):,} merges"
            f"{special:.80})"
        )

    @property
    def default_prompt(self) -> str:
        """The prompt if none is given: empty (only BOS), or a newline if there is no BOS."""
        return "\n" if self.bos_token_id is None else ""

    def encode(
        self,
        text: str,
        bos: bool = False,
        eos: bool = False,
        allowed_special: str | Iterable[str] = (),
    ) -> list[int]:
        """Return the token ids of a text, with BOS before (`bos`) and EOS after it (`eos`), if any.

        A special token's name in the text is encoded as ordinary text, so that no text ends a
        document by accident. `allowed_special` lists the names to encode as special tokens, or is
        "all".
        """
        return self._encode(text, bos, eos, allowed_special, self._chunks.encode)

    def encode_reference(
        self,
        text: str,
        bos: bool = False,
        eos: bool = False,
        allowed_special: str | Iterable[str] = (),
    ) -> list[int]:
        """`encode` in readable Python, without tiktoken: `pretokenize`, then `merge_all`."""
        return self._encode(text, bos, eos, allowed_special, self._chunks.encode_reference)

    def encode_steps(self, text: str) -> list[list[tuple[int, list[int]]]]:
        """Return how each chunk of a text is merged: rows of tokens, with the merges they need.

        A chunk's first entry is (0, its bytes). Another one, (n, tokens), is what the first n
        merges make of it, and so do the first n + 1, …, up to the n of the next entry.
        """
        check_text(text)
        return self._chunks.encode_steps(text)

    def encode_bytes(self, data: bytes) -> list[int]:
        """Return the token ids of any bytes; no token joins invalid UTF-8 with text around it."""
        if not isinstance(data, bytes):
            raise TokenError(f"encode_bytes takes bytes; got {type(data).__name__}")
        text = data.decode("utf-8", "surrogateescape")
        tokens: list[int] = []
        for i, part in enumerate(re.split("([\udc80-\udcff]+)", text)):
            if i % 2:
                tokens += self._chunks.merge_bytes(part.encode("utf-8", "surrogateescape"))
            else:
                tokens += self._chunks.encode(part)
        return tokens

    def decode(self, tokens: Iterable[int], show_special: bool = False) -> str:
        """Return the text of token ids; special tokens are dropped unless `show_special`.

        An incomplete UTF-8 character, which a single token may hold, becomes �.
        """
        tokens = map(self._check_token, tokens)
        if not show_special:
            tokens = (token for token in tokens if token in self.ordinary_ids)
        return self.decode_bytes(tokens).decode("utf-8", "replace")

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Return the bytes of token ids; those of a special token are its name."""
        return b"".join(map(self.token_bytes, tokens))

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of one token; those of a special token are its name."""
        return self._bytes[self._check_token(token)]

    def token_text(self, token: int) -> str:
        """Return the text of one token; bytes that are not valid UTF-8 are shown as ⟨E2 9C⟩."""
        content = self.token_bytes(token)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return f"⟨{content.hex(' ').upper()}⟩"

    def _check_token(self, token: int) -> int:
        try:
            if 0 <= (index := operator.index(token)) < self.vocab_size:
                return index
        except TypeError:
            pass
        raise TokenError(f"token ids go from 0 to {self.vocab_size - 1}; got {token!r:.80}")

    def _encode(
        self,
        text: str,
        bos: bool,
        eos: bool,
        allowed_special: str | Iterable[str],
        encode_ordinary: Callable[[str], list[int]],
    ) -> list[int]:
        check_text(text)
        before = [self.bos_token_id] if bos and self.bos_token_id is not None else []
        after = [self.eos_token_id] if eos and self.eos_token_id is not None else []
        names = self._special_names(allowed_special)
        if not names:
            return before + encode_ordinary(text) + after
        tokens: list[int] = []
        for part in re.split(f"({'|'.join(map(re.escape, names))})", text):
            tokens += [self.special_tokens[part]] if part in names else encode_ordinary(part)
        return before + tokens + after

    def _special_id(self, name: str | None) -> int | None:
        return None if name is None else self.special_tokens[name]

    def _special_names(self, allowed_special: str | Iterable[str]) -> list[str]:
        """Return the special-token names that `encode` must look for, longest first."""
        if isinstance(allowed_special, str):
            allowed_special = (
                self.special_tokens if allowed_special == "all" else (allowed_special,)
            )
        names = set(allowed_special)
        for name in names:
            if name not in self.special_tokens:
                raise SettingError(
                    "allowed_special",
                    "a special token of this tokenizer",
                    name,
                    choices=self.special_tokens,
                )
        return sorted(names, key=len, reverse=True)

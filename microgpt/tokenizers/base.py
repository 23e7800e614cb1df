"""`Tokenizer`: the interface of every tokenizer."""

from collections.abc import Iterable
from typing import Any, Protocol


class Tokenizer(Protocol):
    """Encodes text as token ids, and decodes it again.

    `bos_token_id` and `eos_token_id` mark the start and the end of a document, or are None; they
    are the same token, except in some that other programs made. `default_prompt` is the text that
    generation starts from if no prompt is given.
    """

    @property
    def vocab_size(self) -> int: ...

    @property
    def bos_token_id(self) -> int | None: ...

    @property
    def eos_token_id(self) -> int | None: ...

    @property
    def default_prompt(self) -> str: ...

    def encode(self, text: str, bos: bool = False, eos: bool = False) -> list[int]: ...

    def decode(self, tokens: Iterable[int]) -> str: ...

    def token_text(self, token: int) -> str: ...

    def to_dict(self) -> dict[str, Any]: ...


def is_byte_pair(tokenizer: Any) -> bool:
    """Whether a tokenizer's tokens are bytes, which other programs' files require."""
    return hasattr(tokenizer, "token_bytes")

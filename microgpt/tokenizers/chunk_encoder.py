"""`ChunkEncoder`: text to byte-level BPE tokens, chunk by chunk, by tiktoken if it can do it."""

import functools
import re
from collections.abc import Sequence
from typing import Any

from microgpt.tokenizers.bpe_merge import merge_all, merge_steps
from microgpt.tokenizers.pretokenization import (
    GPT2_PATTERN,
    GPT2_PATTERN_FOR_TIKTOKEN,
    pretokenize,
)

MAX_CACHED_CHUNKS = 2**16
MAX_CACHED_LENGTH = 64  # characters; longer chunks are not cached
# tiktoken's pretokenization fails at a million spaces in a row; ours does not.
TIKTOKEN_MAX_SPACES = 100_000


class ChunkEncoder:
    """Encodes text without special tokens: `pattern` splits it into chunks, each is merged alone.

    Its tokens are the 256 bytes in `byte_order`, with ids from `first_id` on, and then one for each
    pair of ids in `merges`. `token_bytes` are the bytes of each, in this order.
    """

    def __init__(
        self,
        pattern: str,
        byte_order: Sequence[int],
        merges: Sequence[tuple[int, int]],
        first_id: int,
    ):
        self._pattern, self._first_id = pattern, first_id
        self._byte_ids = {byte: token for token, byte in enumerate(byte_order, first_id)}
        self._merge_ids = {pair: token for token, pair in enumerate(merges, first_id + 256)}
        self.token_bytes = [bytes([byte]) for byte in byte_order]
        for left, right in merges:
            left_bytes, right_bytes = (self.token_bytes[id - first_id] for id in (left, right))
            self.token_bytes.append(left_bytes + right_bytes)
        self._chunk_cache: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text, by tiktoken where that is possible."""
        if self._tiktoken is None or _has_too_many_spaces(text):
            return self.encode_reference(text)
        return self._tiktoken.encode_ordinary(text)

    def encode_reference(self, text: str) -> list[int]:
        """`encode` in readable Python: `pretokenize`, then `merge_all`."""
        tokens: list[int] = []
        for chunk in pretokenize(text, self._pattern):
            chunk_tokens = self._chunk_cache.get(chunk)
            if chunk_tokens is None:
                chunk_tokens = self.merge_bytes(chunk.encode())
                if len(self._chunk_cache) >= MAX_CACHED_CHUNKS:
                    self._chunk_cache.clear()
                if len(chunk) <= MAX_CACHED_LENGTH:
                    self._chunk_cache[chunk] = chunk_tokens
            tokens += chunk_tokens
        return tokens

    def encode_steps(self, text: str) -> list[list[tuple[int, list[int]]]]:
        """Return for each chunk (0, its bytes), and (merges needed, tokens) after each merge."""
        known: dict[str, list[tuple[int, list[int]]]] = {}
        chunks = list(pretokenize(text, self._pattern))
        for chunk in set(chunks):
            tokens = [self._byte_ids[byte] for byte in chunk.encode()]
            steps = merge_steps(tokens, self._merge_ids)
            before_first = self._first_id + 255  # the id of merge 1, less 1
            known[chunk] = [(0, tokens), *((new - before_first, row) for new, row in steps)]
        return [known[chunk] for chunk in chunks]

    def merge_bytes(self, content: bytes) -> list[int]:
        """Return the token ids of bytes that are one chunk."""
        return merge_all([self._byte_ids[byte] for byte in content], self._merge_ids)

    @functools.cached_property
    def _tiktoken(self) -> Any:
        """tiktoken with these merges; None if it is not installed or the pattern is not GPT-2's."""
        if self._pattern != GPT2_PATTERN:
            return None
        try:
            import tiktoken
        except ImportError:
            return None
        ranks = {content: token for token, content in enumerate(self.token_bytes, self._first_id)}
        return tiktoken.Encoding(
            "microgpt", pat_str=GPT2_PATTERN_FOR_TIKTOKEN, mergeable_ranks=ranks, special_tokens={}
        )


def _has_too_many_spaces(text: str) -> bool:
    if len(text) < TIKTOKEN_MAX_SPACES:
        return False
    return re.search(rf"(?<!\s)\s{{{TIKTOKEN_MAX_SPACES}}}", text) is not None

"""Token texts and their ids, as the files of GPT-2 and of Hugging Face write them.

Each byte is written as one printable character: the 188 printable bytes of Latin-1 as themselves,
the others as the characters from code point 256 on. A space becomes Ġ.
"""

from collections.abc import Iterable, Mapping

from microgpt.errors import Described, FormatError, SettingError, shorten
from microgpt.tokenizers.bpe import BPETokenizer

_PRINTABLE_BYTES = [*range(33, 127), *range(161, 173), *range(174, 256)]
# The bytes of GPT-2's tokens 0 to 255: the printable ones first.
GPT2_BYTE_ORDER = bytes(sorted(range(256), key=lambda byte: byte not in _PRINTABLE_BYTES))
BYTE_TO_UNICODE = {
    byte: chr(byte) if byte in _PRINTABLE_BYTES else chr(256 + token - len(_PRINTABLE_BYTES))
    for token, byte in enumerate(GPT2_BYTE_ORDER)
}


def bytes_to_unicode(content: bytes) -> str:
    """Return bytes as GPT-2's files write them: one printable character for each byte."""
    return "".join(BYTE_TO_UNICODE[byte] for byte in content)


def join_pairs(
    pairs: Iterable[tuple[str, list[str]]],
    name: str,
    byte_order: bytes = GPT2_BYTE_ORDER,
    first_id: int = 0,
) -> list[tuple[int, int]]:
    """Return pairs of token texts as pairs of ids: bytes from `first_id` on, then the merges."""
    ids = {BYTE_TO_UNICODE[byte]: token for token, byte in enumerate(byte_order, first_id)}
    merges: list[tuple[int, int]] = []
    for location, parts in pairs:
        if len(parts) != 2 or parts[0] not in ids or parts[1] not in ids:
            raise FormatError(
                f"{location} must hold two tokens defined by earlier ones, with a space between "
                f"them; found {' '.join(parts)!r:.80}"
            )
        merges.append((ids[parts[0]], ids[parts[1]]))
        ids["".join(parts)] = first_id + 255 + len(merges)
    return merges


def tokenizer_with_ids(
    ids: Mapping[str, int],
    pairs: Iterable[tuple[str, list[str]]],
    ids_name: str,
    pairs_name: str,
    bos_token: str | None = None,
    eos_token: str | None = None,
) -> BPETokenizer:
    """Build a tokenizer from the ids of token texts, and the pairs of texts that are merged.

    Special tokens have the first or the last ids. Between them the ids must be those of the 256
    bytes, in any order among themselves, then those of the merges, in their order. `ids_name` and
    `pairs_name` name the files in errors.
    """
    rule = (
        f"{ids_name} must give ids to special tokens, then to the 256 bytes, then to the merges of "
        f"{pairs_name} in their order, then to other special tokens; "
    )
    absent = [byte for byte, character in BYTE_TO_UNICODE.items() if character not in ids]
    if absent:
        raise FormatError(
            f"{rule}it has none for {len(absent)} bytes, such as 0x{absent[0]:02X}, so that it "
            "could not encode every text"
        )
    byte_order = bytes(sorted(range(256), key=lambda byte: ids[BYTE_TO_UNICODE[int(byte)]]))
    first = ids[BYTE_TO_UNICODE[byte_order[0]]]
    merges = join_pairs(pairs, pairs_name, byte_order, first)
    names = [
        name for name in sorted(ids, key=ids.__getitem__)
        if not first <= ids[name] < first + 256 + len(merges)
    ]  # fmt: skip
    leading = sum(ids[name] < first for name in names)
    if leading != first:
        raise FormatError(
            f"{rule}it has {leading} tokens before the first byte, whose id is {first}"
        )
    try:
        tokenizer = BPETokenizer(
            merges,
            names,
            byte_order=byte_order,
            num_leading_special=leading,
            bos_token=bos_token if bos_token in names else None,
            eos_token=eos_token if eos_token in names else None,
        )
    except FormatError as error:
        raise FormatError(f"{pairs_name} is not a valid list of merges: {error}") from None
    expected = _ordinary_ids(tokenizer) | tokenizer.special_tokens
    differing = sorted(expected.items() ^ ids.items(), key=lambda item: item[1])
    if differing:
        raise FormatError(f"{rule}found another id for {differing[0][0]!r:.80}")
    return tokenizer


def get_vocab(tokenizer: BPETokenizer) -> dict[str, int]:
    """Return the content of a vocab.json (or encoder.json): a dictionary from token text to id.

    Raises SettingError if a special token has the name of another token: one would be lost.
    """
    vocab = _ordinary_ids(tokenizer)
    for name, token in tokenizer.special_tokens.items():
        if name in vocab:
            raise SettingError(
                "special_tokens",
                "unlike all other tokens",
                Described(f"{shorten(repr(name))} as tokens {vocab[name]:,} and {token:,}"),
                "give the special token another name",
            )
    return {**vocab, **tokenizer.special_tokens}


def _ordinary_ids(tokenizer: BPETokenizer) -> dict[str, int]:
    return {
        bytes_to_unicode(tokenizer.token_bytes(token)): token for token in tokenizer.ordinary_ids
    }

"""Hugging Face's tokenizer.json: a byte-level BPE tokenizer in one file.

Only what changes the ids of a text is read; anything that would change them and is not computed
here is refused by name.
"""

from collections.abc import Iterator
from typing import Any

from microgpt.errors import FormatError
from microgpt.plain_text import join_or
from microgpt.tokenizers.bpe import BPETokenizer
from microgpt.tokenizers.vocab_ids import tokenizer_with_ids

# The values that are computed here; the first is what a missing entry means.
_SUPPORTED_MODEL: dict[str, tuple] = {
    "type": ("BPE",),
    "dropout": (None, 0),
    "continuing_subword_prefix": (None, ""),
    "end_of_word_suffix": (None, ""),
    "byte_fallback": (False,),
    "ignore_merges": (False,),
}
# What an added token may do to the text around it.
_ADDED_FLAGS = ("single_word", "lstrip", "rstrip")


def is_tokenizer_json(content: dict[str, Any]) -> bool:
    """Whether the content of a JSON file is Hugging Face's, not a description of our own."""
    return "model" in content


def parse_tokenizer_json(
    content: dict[str, Any], name: str, bos_token: str | None = None, eos_token: str | None = None
) -> BPETokenizer:
    """Build a tokenizer from the content of a tokenizer.json; `name` is the file's, for errors.

    Added tokens become special tokens: they are looked for in a text only where `encode` is told
    to. Raises FormatError for anything but byte-level BPE that splits texts as GPT-2 does.
    """
    model = content["model"]
    if not isinstance(model, dict):
        raise FormatError(f"{name}: its model must be a JSON object; got {model!r:.80}")
    _check_values(name, "model", model, _SUPPORTED_MODEL)
    if content.get("normalizer") is not None:
        raise _unsupported(name, "normalizer", "null", content["normalizer"])
    _check_splitting(name, content.get("pre_tokenizer"))
    ids = _ids(name, model.get("vocab"))
    pairs = [*_pairs(name, model.get("merges"))]
    ordinary = {"".join(parts) for _, parts in pairs}
    added = dict(_added_tokens(name, content.get("added_tokens")))
    for text, token in added.items():
        if ids.setdefault(text, token) != token:
            raise FormatError(
                f"{name} gives {text!r:.80} the ids {ids[text]} (vocab) and {token} (added_tokens)"
            )
        if text in ordinary:
            raise FormatError(
                f"{name} adds the token {text!r:.80}, which its merges make too; they would have "
                "to differ"
            )
    tokenizer = tokenizer_with_ids(ids, pairs, name, name, bos_token, eos_token)
    for text in tokenizer.special_tokens:
        if text not in added and text != model.get("unk_token"):
            raise FormatError(
                f"{name}: model.vocab has {text!r:.80}, which neither merges nor added_tokens make"
            )
    return tokenizer


def _check_values(
    name: str, path: str, content: dict[str, Any], supported: dict[str, tuple]
) -> None:
    for key, values in supported.items():
        value = content.get(key, values[0])
        if value not in values:
            raise _unsupported(name, f"{path}.{key}", join_or(map(repr, values)), value)


def _unsupported(name: str, path: str, expected: str, got: Any) -> FormatError:
    if isinstance(got, dict) and "type" in got:
        got = got["type"]
    return FormatError(
        f"{name}: {path} must be {expected}, as in GPT-2's byte-level BPE; got {got!r:.100}"
    )


def _check_splitting(name: str, split: Any) -> None:
    """Raise FormatError unless texts are split by GPT-2's pattern, without a space before them."""
    if isinstance(split, dict) and split.get("type") == "Sequence":
        steps = split.get("pretokenizers")
        split = steps[0] if isinstance(steps, list) and len(steps) == 1 else split
    if not isinstance(split, dict) or split.get("type") != "ByteLevel":
        raise _unsupported(name, "pre_tokenizer", "'ByteLevel'", split)
    for key, default, expected in (("add_prefix_space", True, False), ("use_regex", True, True)):
        if (value := split.get(key, default)) is not expected:
            raise _unsupported(name, f"pre_tokenizer.{key}", str(expected), value)


def _ids(name: str, vocab: Any) -> dict[str, int]:
    if not isinstance(vocab, dict) or not all(type(token) is int for token in vocab.values()):
        raise FormatError(f"{name}: model.vocab must be a JSON object from tokens to integer ids")
    return dict(vocab)


def _pairs(name: str, merges: Any) -> Iterator[tuple[str, list[str]]]:
    """Yield the merges, written as "a b" or as ["a", "b"], each with its name in errors."""
    if not isinstance(merges, list):
        raise FormatError(f"{name}: model.merges must be a list; got {merges!r:.80}")
    for index, merge in enumerate(merges):
        parts = merge.split(" ") if isinstance(merge, str) else merge
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise FormatError(f"{name}: merge {index} must be two texts; got {merge!r:.80}")
        yield f"merge {index} of {name}", parts


def _added_tokens(name: str, entries: Any) -> Iterator[tuple[str, int]]:
    """Yield the text and the id of each added token."""
    if not isinstance(entries, list | None):
        raise FormatError(f"{name}: added_tokens must be a list; got {entries!r:.80}")
    for entry in entries or ():
        text, token = (
            (entry.get("content"), entry.get("id")) if isinstance(entry, dict) else (None, None)
        )
        if not isinstance(text, str) or type(token) is not int:
            raise FormatError(
                f"{name}: an added token must have a content and an integer id; got {entry!r:.80}"
            )
        for flag in _ADDED_FLAGS:
            if entry.get(flag, False) is not False:
                raise _unsupported(name, f"{flag} of the added token {text!r:.40}", "false", True)
        yield text, token

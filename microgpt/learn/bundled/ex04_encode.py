"""04.encode: turn a text into bytes, then into tokens, merge by merge in the order of rank."""

import itertools
import math
from functools import cache

import microgpt as mg
from microgpt.learn.bundled.encode_mistakes import common_mistakes
from microgpt.learn.exercise import Example, Exercise, Mismatch, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import token_ids
from microgpt.tokenizers import merge, merge_all

NUM_MERGES = 40
ALPHABET = "aab bcé人👩\n"
BC_AB = [(98, 99), (97, 98)]
BC_ABC_AB = [(98, 99), (97, 256), (97, 98)]


def encode(text, merges):
    ids = list(text.encode("utf-8"))
    ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
    while True:
        pairs = [(ids[i], ids[i + 1]) for i in range(len(ids) - 1)]
        pair = min(pairs, key=lambda pair: ranks.get(pair, math.inf), default=None)
        if pair not in ranks:
            return ids
        ids = mg.tokenizers.merge(ids, pair, 256 + ranks[pair])


def _one_pass_per_merge(text, merges):
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        ids = merge(ids, tuple(pair), 256 + rank)
    return ids


def _one_occurrence_at_a_time(text, merges):
    ids = list(bytes(text, "utf-8"))
    while True:
        hits = [(merges.index(two), i) for i in range(len(ids) - 1)
                if (two := (ids[i], ids[i + 1])) in merges]  # fmt: skip
        if not hits:
            return tuple(ids)
        rank, i = min(hits)
        ids[i : i + 2] = [256 + rank]


def _by_recursion(text, merges):
    def merged(ids):
        for rank, pair in enumerate(merges):
            if pair in itertools.pairwise(ids):
                return merged(merge(ids, pair, 256 + rank))
        return ids

    return merged([*text.encode()])


@cache
def _story():
    """Return the course's story, and the first merges that a tokenizer learns from it."""
    text = mg.load_corpus("story").documents[0]
    merges = mg.tokenizers.train_bpe(text[:4000], 256 + NUM_MERGES, special_tokens=()).merges
    return text, [tuple(pair) for pair in merges]


def _no_merges(rng):
    for text in ("a", "ab", "hello"):
        yield text, []


def _ranks(rng):
    yield "abc", BC_ABC_AB
    yield "abcab", BC_ABC_AB
    yield "abcbcbc", BC_AB  # the lowest rank is the most frequent, and not the first
    yield "bcabcabab", BC_AB  # the lowest rank is the first, and not the most frequent


def _random_texts(rng):
    """Yield 200 texts with merges that occur in them, from short to long."""
    for number in range(200):
        size = 1 + number // 10
        text = "".join(rng.choice(list(ALPHABET), size))
        ids, merges = list(text.encode()), []
        for new_id in range(256, 256 + min(4, len(ids) - 1)):
            if len(ids) > 1:
                i = int(rng.integers(0, len(ids) - 1))
                merges.append((ids[i], ids[i + 1]))
                ids = merge(ids, merges[-1], new_id)
        yield text, merges


def _passages(rng):
    text, merges = _story()
    for size in (5, 8, 12, 18, 30) * 4:
        start = int(rng.integers(0, len(text) - size))
        yield text[start : start + size], merges


def _decodes(answer, text, merges):
    """Test that the bytes of the tokens, one after the other, are those of the text."""
    vocab = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        vocab.append(vocab[left] + vocab[right])
    ids = answer(text, merges)
    if any(not 0 <= id < len(vocab) for id in ids):
        expected = _texts["ids"].format(largest=len(vocab) - 1)
        return Mismatch(ids, expected, _causes["ids"])
    decoded = b"".join(vocab[id] for id in ids)
    if decoded == text.encode():
        return None
    return Mismatch(repr(decoded.decode("utf-8", "replace")), repr(text))


def _is_the_librarys(answer, text, merges):
    got = answer(text, merges)
    merge_ids = {pair: 256 + rank for rank, pair in enumerate(merges)}
    expected = merge_all(list(text.encode()), merge_ids)
    return None if got == expected else Mismatch(got, expected)


_texts = message_section("04.encode")
_descriptions, _causes = _texts["properties"], _texts["causes"]

ENCODE = Exercise(
    id="04.encode",
    signature="encode(text, merges) -> list",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(("abc", BC_AB), [97, 256]),
    difficulty=3,
    importance=5,
    minutes=9,
    prerequisites=("byte", "merge"),
    hints=tuple(_texts["hints"]),
    solution=encode,
    alternative_solutions=(_one_pass_per_merge, _one_occurrence_at_a_time, _by_recursion),
    properties=(
        Property(_descriptions["no_merges"], _no_merges),
        Property(_descriptions["rank"], _ranks),
        Property(_descriptions["accent"], lambda rng: [("é", []), ("é", [(195, 169)])]),
        Property(
            _descriptions["same"],
            lambda rng: [("aa", [(97, 97)]), ("aaa", [(97, 97)]), ("aaaa", [(97, 97), (256, 256)])],
        ),
        Property(_descriptions["empty"], lambda rng: [("", []), ("", BC_AB)]),
        Property(_descriptions["one_byte"], lambda rng: [("b", BC_AB), ("ab", [(97, 98)])]),
        Property(_descriptions["passages"], _passages, _is_the_librarys),
        Property(_descriptions["decodes"], _random_texts, _decodes),
    ),
    common_mistakes=common_mistakes(encode),
    parse=token_ids,
)

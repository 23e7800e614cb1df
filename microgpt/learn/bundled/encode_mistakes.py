"""The common mistakes of 04.encode: what the ids start as, which merge goes first, when it ends."""

from collections import Counter
from itertools import pairwise

from microgpt.learn.bundled.merge_mistakes import overlapping_merge
from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section
from microgpt.tokenizers import merge

SPACE = 32  # the byte of a space


def _by(choose, merges, ids, merge=merge, first_id=256):
    """Merge the pair that `choose(pairs, ranks)` returns, until it returns none."""
    ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
    while True:
        pair = choose(list(pairwise(ids)), ranks)
        if pair is None:
            return ids
        ids = merge(ids, pair, first_id + ranks[pair])


def _lowest(pairs, ranks):
    return min((pair for pair in pairs if pair in ranks), key=ranks.get, default=None)


def _highest(pairs, ranks):
    return max((pair for pair in pairs if pair in ranks), key=ranks.get, default=None)


def _leftmost(pairs, ranks):
    return next((pair for pair in pairs if pair in ranks), None)


def _rightmost(pairs, ranks):
    return _leftmost(pairs[::-1], ranks)


def _smallest_ids(pairs, ranks):
    return min((pair for pair in pairs if pair in ranks), default=None)


def _commonest(pairs, ranks):
    counts = Counter(pair for pair in pairs if pair in ranks)
    return max(counts, key=counts.get, default=None)


def _vocabulary(merges):
    vocab = {bytes([byte]): byte for byte in range(256)}
    names = list(vocab)
    for rank, (left, right) in enumerate(merges):
        names.append(names[left] + names[right])
        vocab[names[-1]] = 256 + rank
    return vocab


def _longest_first(text, merges):
    """Cut off the longest known token at the beginning, and again."""
    content, vocab, ids = text.encode(), _vocabulary(merges), []
    while content:
        size = max(size for size in range(1, len(content) + 1) if content[:size] in vocab)
        ids.append(vocab[content[:size]])
        content = content[size:]
    return ids


def _bytes(text):
    return list(text.encode())


def _one_walk(text, merges):
    """Walk once from left to right and merge what is known, without a second look."""
    ids, ranks, merged = _bytes(text), {tuple(pair): rank for rank, pair in enumerate(merges)}, []
    i = 0
    while i < len(ids):
        rank = ranks.get(tuple(ids[i : i + 2]))
        merged.append(ids[i] if rank is None else 256 + rank)
        i += 1 if rank is None else 2
    return merged


def _one_round(text, merges):
    ids, ranks = _bytes(text), {tuple(pair): rank for rank, pair in enumerate(merges)}
    pair = _lowest(list(pairwise(ids)), ranks)
    return ids if pair is None else merge(ids, pair, 256 + ranks[pair])


def _never_ends(text, merges):
    ids, ranks = _bytes(text), {tuple(pair): rank for rank, pair in enumerate(merges)}
    while len(ids) > 1:
        pair = _lowest(list(pairwise(ids)), ranks)
        if pair is not None:
            ids = merge(ids, pair, 256 + ranks[pair])
    return ids


def _listed_once(text, merges, key=None):
    """List the known pairs of the bytes, then merge them, by rank or sorted by `key`."""
    ids, ranks = _bytes(text), {tuple(pair): rank for rank, pair in enumerate(merges)}
    known = dict.fromkeys(pair for pair in pairwise(ids) if pair in ranks)
    for pair in sorted(known, key=key or ranks.get):
        ids = merge(ids, pair, 256 + ranks[pair])
    return ids


def _cut_at_spaces(text, merges, between):
    """Encode each word alone, with the ids `between` two of them."""
    ids = []
    for number, word in enumerate(text.split(" ")):
        ids += between * bool(number) + _by(_lowest, merges, _bytes(word))
    return ids


def _lost_its_spaces(result, text, merges):
    """Whether the tokens are those of the words alone, however the text was split."""
    known = (text.split(" "), text.split())
    return any(result == _cut_at_spaces(" ".join(words), merges, []) for words in known)


def _first_occurrence(ids, pair, new_id):
    i = list(pairwise(ids)).index(pair)
    return [*ids[:i], new_id, *ids[i + 2 :]]


def _first_occurrences(text, merges):
    """Go through the merges once, and merge only the first occurrence of each."""
    ids = _bytes(text)
    for rank, pair in enumerate(merges):
        if tuple(pair) in pairwise(ids):
            ids = _first_occurrence(ids, tuple(pair), 256 + rank)
    return ids


def _merges_backwards(text, merges):
    ids = _bytes(text)
    for rank, pair in reversed(list(enumerate(merges))):
        ids = merge(ids, tuple(pair), 256 + rank)
    return ids


def _raising(error, is_stuck):
    """Return a mistake that raises where `is_stuck(ids, ranks)`, with the ids at each step."""

    def mistake(text, merges):
        ids, ranks = _bytes(text), {tuple(pair): rank for rank, pair in enumerate(merges)}
        while True:
            if is_stuck(ids, ranks):
                raise error
            pair = _lowest(list(pairwise(ids)), ranks)
            if pair is None:
                return ids
            ids = merge(ids, pair, 256 + ranks[pair])

    return mistake


def _has_unknown_pair(ids, ranks):
    return any(pair not in ranks for pair in pairwise(ids))


def _ends_with_unknown_pairs(ids, ranks):
    """Whether there are pairs, but none that is known."""
    return len(ids) > 1 and not any(pair in ranks for pair in pairwise(ids))


def _has_no_pair(ids, ranks):
    return len(ids) < 2


def _has_no_known_pair(ids, ranks):
    return not any(pair in ranks for pair in pairwise(ids))


def common_mistakes(encode):
    """Return the mistakes; the first of those that explain an answer equally well is named.

    `encode` is the solution.
    """
    texts = message_section("04.encode")

    def numbered_from(key, first_id):
        """Return the mistake, which may number the merges at once or at the end."""

        def at_once(text, merges):
            return _by(_lowest, merges, _bytes(text), first_id=first_id)

        def matches(result, text, merges):
            moved = [id if id < 256 else id - 256 + first_id for id in encode(text, merges)]
            return result in (at_once(text, merges), moved)

        return CommonMistake(
            key.replace("_", " "), at_once, texts["mistakes"][key], matches=matches
        )

    mistakes = {
        "longest_first": _longest_first,
        "left_to_right": lambda text, merges: _by(_leftmost, merges, _bytes(text)),
        "one_walk": _one_walk,
        "one_round": _one_round,
        "listed_once": _listed_once,
        "listed_in_order": lambda text, merges: _listed_once(text, merges, key=lambda pair: 0),
        "spaces_alone": lambda text, merges: _cut_at_spaces(text, merges, [SPACE]),
        "highest_rank": lambda text, merges: _by(_highest, merges, _bytes(text)),
        "merges_backwards": _merges_backwards,
        "right_to_left": lambda text, merges: _by(_rightmost, merges, _bytes(text)),
        "smallest_ids": lambda text, merges: _by(_smallest_ids, merges, _bytes(text)),
        "commonest": lambda text, merges: _by(_commonest, merges, _bytes(text)),
        "first_occurrences": _first_occurrences,
        "overlap": lambda text, merges: _by(_lowest, merges, _bytes(text), overlapping_merge),
        "code_points": lambda text, merges: _by(_lowest, merges, [ord(one) for one in text]),
        "utf_16": lambda text, merges: _by(_lowest, merges, list(text.encode("utf-16"))),
        "no_merging": lambda text, merges: _bytes(text),
        "unknown_pair": _raising(KeyError, _ends_with_unknown_pairs),
        "no_index": _raising(ValueError, _has_unknown_pair),
        "min_of_nothing": _raising(ValueError, _has_no_known_pair),
        "no_pairs_left": _raising(ValueError, _has_no_pair),
        "index_error": _raising(IndexError, _has_no_pair),
        "reversed": lambda text, merges: encode(text, merges)[::-1],
        "sorted": lambda text, merges: sorted(encode(text, merges)),
        "distinct": lambda text, merges: list(dict.fromkeys(encode(text, merges))),
        "characters": lambda text, merges: list(text),
        "bytes_object": lambda text, merges: text.encode(),
        "number_of_tokens": lambda text, merges: len(encode(text, merges)),
        "last_byte_lost": lambda text, merges: encode(text, merges)[:-1],
    }
    return (
        *(
            CommonMistake(key.replace("_", " "), function, texts["mistakes"][key])
            for key, function in mistakes.items()
        ),
        CommonMistake(
            "spaces lost",
            lambda text, merges: _cut_at_spaces(text, merges, []),
            texts["mistakes"]["spaces_lost"],
            matches=_lost_its_spaces,
        ),
        numbered_from("rank_as_id", 0),
        numbered_from("first_id_257", 257),
        numbered_from("first_id_255", 255),
        CommonMistake("never ends", _never_ends, texts["mistakes"]["endless"], times_out=True),
    )

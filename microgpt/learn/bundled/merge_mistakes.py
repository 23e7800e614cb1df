"""The common mistakes of 04.merge: which pairs are found, what is copied, where the walk goes."""

import itertools

from microgpt.learn.exercise import CommonMistake
from microgpt.learn.messages import message_section


def overlapping_merge(ids, pair, new_id):
    """Merge every occurrence, also one that shares an id with the one before it."""
    hits = {i for i in range(len(ids) - 1) if (ids[i], ids[i + 1]) == tuple(pair)}
    return [
        new_id if i in hits else ids[i] for i in range(len(ids)) if i in hits or i - 1 not in hits
    ]


def _walk(ids, pair, new_id, is_hit, step=2, end=0):
    """Walk from the left: `step` ids on after a hit, up to the index len(ids) − end."""
    merged, i = [], 0
    while i < len(ids) - end:
        if is_hit(i):
            merged.append(new_id)
            i += step
        else:
            merged.append(ids[i])
            i += 1
    return merged


def _hits(ids, pair):
    """Return whether the pair stands at an index; beyond the end, an IndexError is raised."""
    return lambda i: (ids[i], ids[i + 1]) == tuple(pair)


def _no_skip(ids, pair, new_id):
    padded = [*ids, None]
    return _walk(ids, pair, new_id, _hits(padded, pair), step=1)


def _no_skip_nor_last(ids, pair, new_id):
    return _walk(ids, pair, new_id, _hits(ids, pair), step=1, end=1)


def _last_lost(ids, pair, new_id):
    return _walk(ids, pair, new_id, _hits(ids, pair), end=1)


def _last_id_twice(ids, pair, new_id):
    """Append the last id after the walk, whether or not it has been merged."""
    return _last_lost(ids, pair, new_id) + ids[-1:]


def _past_the_end(ids, pair, new_id):
    return _walk(ids, pair, new_id, _hits(ids, pair))


def _past_the_end_at_times(ids, pair, new_id):
    """Look at the right neighbour of each id that begins the pair, also of the last one."""
    return _walk(ids, pair, new_id, lambda i: ids[i] == pair[0] and ids[i + 1] == pair[1])


def _shrinking(ids, pair, new_id):
    shorter = list(ids)
    is_hit = _hits(shorter, pair)
    for i in range(len(ids) - 1):
        if is_hit(i):
            shorter[i : i + 2] = [new_id]
    return shorter


def _stays_after_a_merge(ids, pair, new_id):
    shorter, i = list(ids), 0
    is_hit = _hits(shorter, pair)
    while i < len(shorter) - 1:
        if is_hit(i):
            shorter[i : i + 2] = [new_id]
        else:
            i += 1
    return shorter


def _has_last_id_twice(result, ids, pair, new_id):
    return result == _last_id_twice(ids, pair, new_id) if ids else result is None


def _wraps_around(ids, pair, new_id):
    return _walk(ids, pair, new_id, lambda i: (ids[i - 1], ids[i]) == tuple(pair), step=1)


def _any_order(ids, pair, new_id):
    return _walk(ids, pair, new_id, lambda i: sorted(ids[i : i + 2]) == sorted(pair))


def _first_id_only(ids, pair, new_id):
    return _walk(ids, pair, new_id, lambda i: ids[i] == pair[0])


def _either_id(ids, pair, new_id):
    return [new_id if id in pair else id for id in ids]


def _pairs_of_two(ids, pair, new_id):
    """Cut the list into blocks of two, and look only at these."""
    merged = []
    for i in range(0, len(ids), 2):
        block = ids[i : i + 2]
        merged += [new_id] if tuple(block) == tuple(pair) else block
    return merged


def _never_moves_on(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == tuple(pair):
            merged.append(new_id)
            i += 2
    return merged


def _by_text(ids, pair, new_id):
    """Replace in the text of the list, where 11, 2 contains 1, 2."""
    text = ", ".join(map(str, ids)).replace(f"{pair[0]}, {pair[1]}", str(new_id))
    return [int(part) for part in text.split(", ") if part]


def common_mistakes(merge):
    """Return the mistakes; the first of those that explain an answer equally well is named.

    `merge` is the solution.
    """
    texts = message_section("04.merge")

    def from_the_right(ids, pair, new_id):
        return merge(ids[::-1], pair[::-1], new_id)[::-1]

    def first_only(ids, pair, new_id):
        for i in range(len(ids) - 1):
            if (ids[i], ids[i + 1]) == tuple(pair):
                return [*ids[:i], new_id, *ids[i + 2 :]]
        return list(ids)

    def merged_again(ids, pair, new_id):
        merged = merge(ids, pair, new_id)
        return merged if len(merged) == len(ids) else merged_again(merged, pair, new_id)

    def overwriting(ids, pair, new_id):
        ids[:] = merge(ids, pair, new_id)
        return ids

    mistakes = {
        "overlap": overlapping_merge,
        "from_the_right": from_the_right,
        "first_only": first_only,
        "first_or_none": lambda ids, pair, new_id: (
            None if merge(ids, pair, new_id) == ids else first_only(ids, pair, new_id)
        ),
        "last_lost": _last_lost,
        "in_place": overwriting,
        "past_the_end": _past_the_end,
        "past_the_end_at_times": _past_the_end_at_times,
        "shrinking": _shrinking,
        "no_skip": _no_skip,
        "no_skip_nor_last": _no_skip_nor_last,
        "wraps_around": _wraps_around,
        "never_equal": lambda ids, pair, new_id: list(ids),
        "merged_again": merged_again,
        "stays_after_a_merge": _stays_after_a_merge,
        "any_order": _any_order,
        "first_id_only": _first_id_only,
        "either_id": _either_id,
        "blocks_of_two": _pairs_of_two,
        "by_text": _by_text,
        "removed": lambda ids, pair, new_id: [
            id for id in merge(ids, pair, None) if id is not None
        ],
        "pair_kept": lambda ids, pair, new_id: _each(merge, ids, pair, [*pair, new_id]),
        "new_id_twice": lambda ids, pair, new_id: _each(merge, ids, pair, [new_id] * 2),
        "hits_only": lambda ids, pair, new_id: [new_id] * merge(ids, pair, None).count(None),
        "count": lambda ids, pair, new_id: merge(ids, pair, None).count(None),
        "pairs": lambda ids, pair, new_id: list(itertools.pairwise(ids)),
    }
    return (
        *(
            CommonMistake(key.replace("_", " "), function, texts["mistakes"][key])
            for key, function in mistakes.items()
        ),
        CommonMistake(
            "last id twice",
            _last_id_twice,
            texts["mistakes"]["last_id_twice"],
            matches=_has_last_id_twice,
        ),
        CommonMistake(
            "never moves on", _never_moves_on, texts["mistakes"]["endless"], times_out=True
        ),
    )


def _each(merge, ids, pair, replacement):
    """Return the ids with each occurrence of the pair replaced by several ids."""
    merged = merge(ids, pair, None)
    return [part for id in merged for part in (replacement if id is None else [id])]

"""04.merge: replace every occurrence of a pair of tokens by a new one."""

from collections import deque

from microgpt.learn.bundled.merge_mistakes import common_mistakes
from microgpt.learn.exercise import Example, Exercise, Property
from microgpt.learn.messages import message_section
from microgpt.learn.parsers import token_ids


def merge(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == tuple(pair):
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def _by_skipping(ids, pair, new_id):
    merged, skip = [], False
    for i, id in enumerate(ids):
        if skip:
            skip = False
        elif tuple(ids[i : i + 2]) == tuple(pair):
            merged.append(new_id)
            skip = True
        else:
            merged.append(id)
    return merged


def _from_a_queue(ids, pair, new_id):
    waiting, merged = deque(ids), []
    while waiting:
        first = waiting.popleft()
        if waiting and first == pair[0] and waiting[0] == pair[1]:
            waiting.popleft()
            first = new_id
        merged.append(first)
    return tuple(merged)


def _on_a_copy(ids, pair, new_id):
    copy, i = list(ids), 0
    while i < len(copy) - 1:
        if copy[i : i + 2] == list(pair):
            copy[i : i + 2] = [new_id]
        i += 1
    return copy


def _by_looking_back(ids, pair, new_id):
    merged, can_merge = [], False  # whether the last id of `merged` is an old one
    for id in ids:
        if can_merge and merged[-1] == pair[0] and id == pair[1]:
            merged[-1], can_merge = new_id, False
        else:
            merged.append(id)
            can_merge = True
    return merged


def _lists(*cases):
    return lambda rng: cases


def _random(rng):
    for size in (5, 10, 20, 50, 200):
        yield rng.integers(0, 3, size).tolist(), tuple(rng.integers(0, 3, 2).tolist()), 256


_texts = message_section("04.merge")
_descriptions, _causes = _texts["properties"], _texts["causes"]

MERGE = Exercise(
    id="04.merge",
    signature="merge(ids, pair, new_id) -> list",
    shapes=_texts["shapes"],
    statement=_texts["statement"],
    example=Example(([1, 2, 3, 1, 2], (1, 2), 9), [9, 3, 9]),
    difficulty=2,
    importance=4,
    minutes=5,
    prerequisites=("token",),
    hints=tuple(_texts["hints"]),
    solution=merge,
    alternative_solutions=(_by_skipping, _from_a_queue, _on_a_copy, _by_looking_back),
    properties=(
        Property(
            _descriptions["no_pair"],
            _lists(([3, 2], (1, 2), 9), ([2, 1], (1, 2), 9), ([11, 2, 1, 12], (1, 2), 9)),
        ),
        Property(_descriptions["empty"], _lists(([], (1, 2), 9)), cause=_causes["empty"]),
        Property(_descriptions["one_id"], _lists(([1], (1, 2), 9), ([7], (7, 7), 9))),
        Property(
            _descriptions["last_id"],
            _lists(([1, 2, 3], (1, 2), 9), ([1, 2, 1], (1, 2), 9), ([3, 1, 2], (1, 2), 9)),
        ),
        Property(
            _descriptions["same"],
            _lists(
                ([5, 5], (5, 5), 9),
                ([5, 5, 5], (5, 5), 9),
                ([5, 5, 5, 5], (5, 5), 9),
                ([5, 5, 5, 5, 5], (5, 5), 9),
            ),
        ),
        Property(
            _descriptions["one_pass"],
            _lists(([1, 2, 2], (1, 2), 1), ([1, 1, 2], (1, 2), 2), ([9, 1, 2], (1, 2), 9)),
        ),
        Property(_descriptions["random"], _random),
    ),
    common_mistakes=common_mistakes(merge),
    parse=token_ids,
)

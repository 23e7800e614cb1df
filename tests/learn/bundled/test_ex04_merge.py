"""04.merge: what learners write with loops, lists and texts, and what they are told."""

import itertools
import re

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn

ID = "04.merge"


def right(ids, pair, new_id):
    return mg.tokenizers.merge(ids, pair, new_id)


def neighbours(ids):
    return list(itertools.pairwise(ids))


def by_a_regular_expression(ids, pair, new_id):
    text = "".join(map(chr, ids))
    return [ord(one) for one in re.sub("".join(map(chr, pair)), chr(new_id), text)]


def in_a_for_loop(ids, pair, new_id):
    merged, skip = [], False
    for i in range(len(ids)):
        if not skip:
            skip = i + 1 < len(ids) and [ids[i], ids[i + 1]] == list(pair)
            merged.append(new_id if skip else ids[i])
        else:
            skip = False
    return merged


def by_recursion(ids, pair, new_id):
    if len(ids) < 2:
        return list(ids)
    if tuple(ids[:2]) == pair:
        return [new_id, *by_recursion(ids[2:], pair, new_id)]
    return [ids[0], *by_recursion(ids[1:], pair, new_id)]


@pytest.mark.parametrize(
    "answer",
    [
        right,
        by_a_regular_expression,
        in_a_for_loop,
        by_recursion,
        lambda *arguments: np.array(right(*arguments), np.int64),
        lambda *arguments: tuple(right(*arguments)),
    ],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def deletes_in_place(ids, pair, new_id):
    i = 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            ids[i : i + 2] = [new_id]
        i += 1
    return ids


def returns_nothing(ids, pair, new_id):
    deletes_in_place(ids, pair, new_id)


def deletes_in_a_for_loop(ids, pair, new_id):
    ids = list(ids)
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            ids[i] = new_id
            ids.pop(i + 1)
    return ids


def stays_after_a_merge(ids, pair, new_id):
    ids, i = list(ids), 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) == pair:
            ids[i : i + 2] = [new_id]
        else:
            i += 1
    return ids


def merges_while_it_is_there(ids, pair, new_id):
    ids = list(ids)
    while pair in neighbours(ids):
        i = neighbours(ids).index(pair)
        ids[i : i + 2] = [new_id]
    return ids


def walk(ids, pair, new_id, end, is_hit):
    merged, i = [], 0
    while i < len(ids) - end:
        if is_hit(i):
            merged.append(new_id)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


def past_the_end(ids, pair, new_id):
    return walk(ids, pair, new_id, 0, lambda i: (ids[i], ids[i + 1]) == pair)


def past_the_end_at_times(ids, pair, new_id):
    return walk(ids, pair, new_id, 0, lambda i: ids[i] == pair[0] and ids[i + 1] == pair[1])


def loses_the_last(ids, pair, new_id):
    return walk(ids, pair, new_id, 1, lambda i: (ids[i], ids[i + 1]) == pair)


def list_against_tuple(ids, pair, new_id):
    return walk(ids, pair, new_id, 0, lambda i: ids[i : i + 2] == pair)


def last_always(ids, pair, new_id):
    return [*loses_the_last(ids, pair, new_id), ids[-1]]


def returns_at_the_first(ids, pair, new_id):
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            return [*ids[:i], new_id, *ids[i + 2 :]]
    return None


def first_only(ids, pair, new_id):
    return returns_at_the_first(ids, pair, new_id) or ids


def only_merges_move_on(ids, pair, new_id):
    merged, i = [], 0
    while i < len(ids):
        if tuple(ids[i : i + 2]) == pair:
            merged.append(new_id)
            i += 2
    return merged


def overlaps(ids, pair, new_id):
    hits = [i for i, two in enumerate(neighbours(ids)) if two == pair]
    used = {i + 1 for i in hits} - set(hits)
    return [new_id if i in hits else id for i, id in enumerate(ids) if i not in used]


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (overlaps, "was used twice"),
        (lambda ids, pair, new: right(ids[::-1], pair[::-1], new)[::-1], "Read from the left"),
        (first_only, "Only the first occurrence"),
        (returns_at_the_first, "without one it returns nothing"),
        (loses_the_last, "[1, 2, 3] became [9]"),
        (last_always, "even if it was merged"),
        (deletes_in_place, "The list you were given has changed"),
        (returns_nothing, "a `return` is missing"),
        (deletes_in_a_for_loop, "The list gets shorter"),
        (past_the_end, "does not exist"),
        (past_the_end_at_times, "ends with the first id of the pair"),
        (stays_after_a_merge, "merged with the id after it"),
        (merges_while_it_is_there, "The new id was merged again"),
        (list_against_tuple, "a list never equals a tuple"),
        (lambda ids, pair, new: ids, "a list never equals a tuple"),
        (
            lambda ids, pair, new: [new if two == pair else two[0] for two in neighbours(ids)],
            "the last id may be missing",
        ),
        (lambda ids, pair, new: [new if id in pair else id for id in ids], "wherever it stands"),
        (lambda ids, pair, new: neighbours(ids).count(pair), "the number of occurrences"),
        (lambda ids, pair, new: [str(id) for id in right(ids, pair, new)], "nothing but ints"),
        (lambda ids, pair, new: (id for id in right(ids, pair, new)), "the type generator"),
        (lambda ids, pair, new: right(ids, pair, [new]), "nothing but ints"),
        (lambda pair, ids, new_id: right(ids, pair, new_id), "another order"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    result = learn.check(ID, answer)
    assert result.state == "not yet"
    assert cause in result.cause


def test_a_loop_that_does_not_move_on_is_stopped(short_cpu_limit):
    assert "i has to grow on every way" in learn.check(ID, only_merges_move_on).cause

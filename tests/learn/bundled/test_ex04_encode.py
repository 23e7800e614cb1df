"""04.encode: what learners write, and what they are told."""

import itertools
import math

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.learn.registry import find_exercise
from microgpt.tokenizers import merge

ID = "04.encode"


def one_pass_per_merge(text, merges):
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        ids = merge(ids, pair, 256 + rank)
    return ids


def with_infinite_ranks(text, merges):
    ids, ranks = list(text.encode()), {pair: rank for rank, pair in enumerate(merges)}
    while len(ids) > 1:
        pair = min(itertools.pairwise(ids), key=lambda pair: ranks.get(pair, math.inf))
        if pair not in ranks:
            break
        ids = merge(ids, pair, 256 + ranks[pair])
    return ids


@pytest.mark.parametrize(
    "answer",
    [
        one_pass_per_merge,
        with_infinite_ranks,
        lambda text, merges: np.array(one_pass_per_merge(text, merges)),
    ],
)
def test_right_answers_of_many_forms(answer):
    for seed in range(3):
        assert learn.check(ID, answer, seed)


def test_the_solution_is_the_librarys_tokenizer():
    solution = find_exercise(ID).solution
    merges = mg.tokenizers.train_bpe("the theme of the theatre is there", 270, ()).merges
    tokenizer = mg.tokenizers.BPETokenizer(merges, ())
    for word in ("the", "theme", "theatre", "there", "é", "人", "breathe"):
        assert solution(word, list(merges)) == tokenizer.encode(word)


def looping(choose, first_id=256, start=lambda text: list(text.encode())):
    """A loop that merges the pair that `choose(known pairs, ranks)` returns."""

    def answer(text, merges):
        ids, ranks = start(text), {pair: rank for rank, pair in enumerate(merges)}
        while True:
            known = [pair for pair in itertools.pairwise(ids) if pair in ranks]
            if not known:
                return ids
            pair = choose(known, ranks)
            ids = merge(ids, pair, first_id + ranks[pair])

    return answer


def lowest(pairs, ranks):
    return min(pairs, key=ranks.get)


def longest_token_first(text, merges):
    names = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        names.append(names[left] + names[right])
    content, ids = text.encode(), []
    while content:
        name = max(filter(content.startswith, names), key=len)
        ids.append(names.index(name))
        content = content[len(name) :]
    return ids


def one_round(text, merges):
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        if pair in itertools.pairwise(ids):
            return merge(ids, pair, 256 + rank)
    return ids


def lists_the_pairs_once(text, merges):
    ids = list(text.encode())
    pairs = set(itertools.pairwise(ids))
    for rank, pair in enumerate(merges):
        if pair in pairs:
            ids = merge(ids, pair, 256 + rank)
    return ids


def without_spaces(text, merges):
    return [id for word in text.split() for id in one_pass_per_merge(word, merges)]


def forgets_the_result(text, merges):
    ids = list(text.encode())
    for rank, pair in enumerate(merges):
        merge(ids, pair, 256 + rank)
    return ids


def minimum_of_nothing(text, merges):
    ids, ranks = list(text.encode()), {pair: rank for rank, pair in enumerate(merges)}
    while True:
        pair = min(itertools.pairwise(ids), key=lambda pair: ranks.get(pair, math.inf))
        if pair not in ranks:
            return ids
        ids = merge(ids, pair, 256 + ranks[pair])


def rank_of_an_unknown_pair(text, merges):
    ids, ranks = list(text.encode()), {pair: rank for rank, pair in enumerate(merges)}
    while len(ids) > 1:
        pair = min(itertools.pairwise(ids), key=lambda pair: ranks.get(pair, math.inf))
        ids = merge(ids, pair, 256 + ranks[pair])
    return ids


def index_in_merges(text, merges):
    ids = list(text.encode())
    while len(ids) > 1:
        pair = min(itertools.pairwise(ids), key=merges.index)
        ids = merge(ids, pair, 256 + merges.index(pair))
    return ids


def never_ends(text, merges):
    ids = list(text.encode())
    while any(pair in merges for pair in itertools.pairwise(ids)):
        forgets_the_result(text, merges)
    return ids


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (longest_token_first, "“ab” begins earlier, but “bc” has the lower rank"),
        (looping(lambda pairs, ranks: pairs[0]), "choose by rank, not by position"),
        (looping(lambda pairs, ranks: pairs[-1]), "The rightmost known pair"),
        (looping(lambda pairs, ranks: max(pairs, key=ranks.get)), "The highest rank went first"),
        (looping(lambda pairs, ranks: max(pairs, key=pairs.count)), "The most frequent pair"),
        (looping(lambda pairs, ranks: min(pairs)), "The pair with the smallest ids"),
        (looping(lowest, 257), "1 too large"),
        (looping(lowest, 255), "1 too small"),
        (looping(lowest, 0), "became its rank"),
        (looping(lowest, start=lambda text: list(map(ord, text))), "é became 233"),
        (one_round, "Only one merge was applied"),
        (lists_the_pairs_once, "listed once, before the first merge"),
        (without_spaces, "The spaces are gone"),
        (lambda text, merges: list(text.encode()), "nothing was merged"),
        (forgets_the_result, "nothing was merged"),
        (minimum_of_nothing, "`min` of nothing raises an error"),
        (rank_of_an_unknown_pair, "ranks.get(pair, math.inf)"),
        (index_in_merges, "if pair in merges"),
        (lambda text, merges: list(text), "These are pieces of text"),
        (lambda text, merges: text.encode(), "Make a list of it"),
        (lambda text, merges: len(one_pass_per_merge(text, merges)), "the number of tokens"),
        (lambda text, merges: one_pass_per_merge(text, merges)[:-1], "The last token is missing"),
        (lambda text, merges: merges.clear() or list(text.encode()), "changed an argument"),
        (lambda merges, text: one_pass_per_merge(text, merges), "another order"),
        (lambda text, merges: None, "a `return` is missing"),
    ],
)
def test_the_cause_of_a_wrong_answer_is_named(answer, cause):
    result = learn.check(ID, answer)
    assert result.state == "not yet"
    assert cause in result.cause


def test_two_texts_tell_the_two_usual_mistakes_apart():
    left_to_right = looping(lambda pairs, ranks: pairs[0])
    cases = {"bc, ab": [(98, 99), (97, 98)], "bc, abc, ab": [(98, 99), (97, 256), (97, 98)]}
    results = {
        function: [function("abc", merges) == one_pass_per_merge("abc", merges)
                   for merges in cases.values()]
        for function in (longest_token_first, left_to_right)
    }  # fmt: skip
    assert results == {longest_token_first: [False, True], left_to_right: [False, False]}


def test_a_loop_that_never_ends_is_stopped(short_cpu_limit):
    assert "The loop never ends" in learn.check(ID, never_ends).cause

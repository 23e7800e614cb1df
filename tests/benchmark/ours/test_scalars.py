"""The names that the recipe runs on single numbers with."""

import random

from microgpt.benchmark.ours.scalars import stratified_sample, unshuffle


def test_names_are_chosen_evenly_and_reach_the_recipe_in_order():
    names = ["a" * (1 + index % 9) for index in range(900)]
    sample = stratified_sample(names, 9)
    assert sorted(len(names[index]) for index in sample) == list(range(1, 10))
    assert sorted(stratified_sample(names, 900)) == list(range(900))
    expected = [str(index) for index in range(50)]
    documents = unshuffle(expected, seed=42)
    assert documents != expected
    random.Random(42).shuffle(documents)
    assert documents == expected

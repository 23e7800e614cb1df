"""Texts at several temperatures."""

import microgpt as mg
from microgpt.viz.origin_marks import MARKS


def test_greedy_texts_are_one_and_each_has_its_label():
    table = mg.widgets.sample_table("names", temperatures=(0, 1), count=4)
    assert len(set(table[0])) == 1
    assert len(set(table[1])) > 1
    check = mg.load_corpus("names-mini").memorization_check()
    assert table.labels[1] == tuple(map(check, table[1]))
    assert f"{MARKS[check(table[1][0])][0]} {table[1][0]}" in repr(table)
    assert "1 different name of 4" in repr(table)
    assert table[1] == tuple(
        mg.generate_text(*_names(), 4, temperature=1, seed=1)
    )  # the same seeds at each temperature


def test_the_seed_is_passed_on():
    tables = [
        mg.widgets.sample_table("names", temperatures=(1,), count=3, seed=seed)[1]
        for seed in (5, 5, 6)
    ]
    assert tables[0] == tables[1] != tables[2]
    assert tables[0] == tuple(mg.generate_text(*_names(), 3, temperature=1, seed=5))


def _names():
    checkpoint = mg.load_pretrained("names")
    return checkpoint.model, checkpoint.tokenizer

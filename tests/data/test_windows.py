"""Windows of a long sequence: in epochs and from random positions, from arrays, maps and shards."""

import numpy as np
import pytest
from batch_streams import TENS, drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import tokenizers
from microgpt.data import (
    Corpus,
    DocumentBatches,
    RandomBatches,
    Shards,
    TextBatches,
    WindowBatches,
    load_corpus,
    write_shard,
)
from microgpt.data.mmap_utils import backing_mmap
from microgpt.errors import SettingError, ShapeError, TokenError


def test_windows_of_a_text():
    text = "abcdefghij"
    tokenizer = Corpus("t", (text,), "text").tokenizer()
    batches = TextBatches(text, tokenizer, 4, 3)
    tokens, targets = next(iter(batches))
    assert tokens.shape == (3, 4)
    np.testing.assert_array_equal(tokens + 1, targets)
    rows = list(batches.eval_batches(max_rows=10))
    assert rows[0][0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert TextBatches("ab", tokenizer, 4).seq_len == 1
    with pytest.raises(ShapeError, match="at least 2 tokens"):
        TextBatches("a", tokenizer, 4)


def test_every_position_of_a_text_is_drawn():
    text = "abcdefghij"
    tokenizer = Corpus("t", (text,), "text").tokenizer()
    stream = iter(TextBatches(text, tokenizer, 4, 50, seed=1))
    starts = {int(row[0]) for _ in range(5) for row in next(stream)[0]}
    assert starts == set(range(6))


def test_a_target_exists_for_each_input():
    batches = WindowBatches(TENS, 5, 3, 1, shuffle=False)
    assert batches.num_windows == batches.batches_per_epoch == 3
    assert [tokens for tokens, _ in drawn(batches, 3)] == [
        [[10, 20, 30, 40, 50]],
        [[40, 50, 60, 70, 80]],
        [[70, 80, 90, 100, 110]],
    ]
    assert batches.epoch == 1
    assert drawn(batches, 1)[0][1] == [[20, 30, 40, 50, 60]]


@settings(deadline=None, max_examples=150)
@given(st.integers(2, 60), st.integers(1, 12), st.integers(1, 12))
def test_windows_are_all_there_are(count, seq_len, stride):
    starts = [start for start in range(0, count, stride) if start + seq_len < count]
    tokens = np.arange(count)
    if not starts:
        with pytest.raises(ShapeError, match="choose shorter windows"):
            WindowBatches(tokens, seq_len, stride, 1)
        return
    batches = WindowBatches(tokens, seq_len, stride, 1, shuffle=False)
    for start, (found, targets) in zip(starts, drawn(batches, len(starts)), strict=True):
        assert found == [list(range(start, start + seq_len))]
        assert targets == [list(range(start + 1, start + seq_len + 1))]
    assert [rows.shape for rows, _ in batches.eval_batches(1000, 7)] == [
        (min(7, len(starts) - first), seq_len) for first in range(0, len(starts), 7)
    ]


def test_the_verdict_is_nine_batches_and_one(data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    text = load_corpus("the-verdict")[0]
    tokenizer = tokenizers.gpt2()
    cut = int(0.9 * len(text))
    train = WindowBatches(tokenizer.encode(text[:cut]), 256, 256, 2)
    validation = WindowBatches(tokenizer.encode(text[cut:]), 256, 256, 2, shuffle=False)
    assert (train.batches_per_epoch, validation.batches_per_epoch) == (9, 1)
    assert next(train)[0].shape == next(validation)[1].shape == (2, 256)


@pytest.mark.parametrize(("drop_last", "sizes"), [(True, [4, 4]), (False, [4, 4, 3])])
def test_every_window_once_an_epoch(drop_last, sizes):
    batches = WindowBatches(np.arange(23), 2, 2, 4, drop_last=drop_last, seed=5)
    assert (batches.num_windows, batches.batches_per_epoch) == (11, len(sizes))
    epochs = [drawn(batches, batches.batches_per_epoch) for _ in range(3)]
    starts = [[row[0] for tokens, _ in epoch for row in tokens] for epoch in epochs]
    assert [[len(tokens) for tokens, _ in epoch] for epoch in epochs] == [sizes] * 3
    for epoch in starts:
        assert len(set(epoch)) == sum(sizes)
        assert set(epoch) <= set(range(0, 22, 2))
        assert epoch != sorted(epoch)
    assert starts[0] != starts[1] != starts[2] != starts[0]
    again = WindowBatches(np.arange(23), 2, 2, 4, drop_last=drop_last, seed=5)
    assert drawn(again, len(sizes)) == epochs[0]
    other = WindowBatches(np.arange(23), 2, 2, 4, drop_last=drop_last, seed=6)
    assert drawn(other, len(sizes)) != epochs[0]


def test_what_one_pass_is():
    tokenizer = tokenizers.CharTokenizer("abc")
    assert DocumentBatches(["ab", "c", "b"], tokenizer, 4, 2).batches_per_epoch == 2
    assert TextBatches("abc" * 10, tokenizer, 4, 3).batches_per_epoch == 2
    assert TextBatches("abc", tokenizer, 4, 3).batches_per_epoch == 1
    assert RandomBatches(np.arange(100), 5, 2).batches_per_epoch == 10
    assert DocumentBatches(["ab", "c", "b"], tokenizer, 4, 2).rows_per_epoch == 3
    assert RandomBatches(np.arange(100), 5, 2).rows_per_epoch == 20
    assert WindowBatches(np.arange(23), 2, 2, 4).rows_per_epoch == 8
    assert WindowBatches(np.arange(23), 2, 2, 4, drop_last=False).rows_per_epoch == 12


@pytest.fixture
def sources(tmp_path):
    """The same 60 tokens as arrays, memory maps and shards."""
    tokens = np.arange(1000, 1060)
    for name, part in (("a_0", tokens[:25]), ("a_1", tokens[25:26]), ("a_2", tokens[26:])):
        write_shard(tmp_path / f"{name}.bin", part)
    np.save(tmp_path / "a.npy", tokens.astype(np.uint32))
    return [
        tokens,
        tokens.tolist(),
        tokens.astype(np.uint16),
        np.repeat(tokens, 2)[::2],
        np.load(tmp_path / "a.npy", mmap_mode="r"),
        np.load(tmp_path / "a.npy", mmap_mode="c"),
        Shards(tmp_path / "a_*.bin", vocab_size=1060),
    ]


def test_all_sources_give_the_same(sources):
    windows = [WindowBatches(source, 7, 3, 2, seed=1) for source in sources]
    random = [RandomBatches(source, 7, 3, seed=1) for source in sources]
    for batches_of_all in (windows, random):
        found = [drawn(batches, 20) for batches in batches_of_all]
        assert all(one == found[0] for one in found)
        for batches in batches_of_all:
            tokens, targets = next(batches)
            assert tokens.dtype == targets.dtype == np.int32
            assert tokens.flags.c_contiguous
            assert targets.flags.c_contiguous
            np.testing.assert_array_equal(tokens + 1, targets)


def test_changes_of_a_map_that_keeps_them_are_not_lost(sources):
    private = sources[5]
    private[0] = 7
    batches = WindowBatches(private, 7, 7, 1, shuffle=False)
    assert next(batches)[0][0, 0] == 7
    assert private[0] == 7
    assert backing_mmap(np.asarray(private)) is None
    assert backing_mmap(np.asarray(sources[4])) is not None
    assert backing_mmap(sources[0]) is None


def test_random_positions_are_those_of_a_text():
    corpus = load_corpus("story")
    tokenizer = corpus.tokenizer()
    tokens = np.array(tokenizer.encode(corpus[0]), np.uint16)
    of_text = TextBatches(corpus[0], tokenizer, 16, 4, seed=3)
    assert drawn(RandomBatches(tokens, 16, 4, seed=3), 50) == drawn(of_text, 50)


@pytest.mark.parametrize("batches", [WindowBatches, RandomBatches])
@pytest.mark.parametrize(
    "tokens", [np.ones(9), np.ones((3, 3), int), "text", 5, ["a"] * 9, [True] * 9, None]
)
def test_what_is_no_row_of_tokens(batches, tokens):
    sizes = (2, 2, 2) if batches is WindowBatches else (2, 2)
    with pytest.raises(SettingError, match="tokens must be a one-dimensional array of integers"):
        batches(tokens, *sizes)


@pytest.mark.parametrize(
    ("tokens", "found"),
    [([1, 2, -3, 4], "-3"), (np.array([1, 2, 2**31]), "2,147,483,648"),
     (np.array([1, 2**64 - 1, 2], np.uint64), "18,446,744,073,709,551,615")],
)  # fmt: skip
def test_ids_that_no_vocabulary_has(tokens, found):
    for batches in (WindowBatches(tokens, 2, 1, 1), RandomBatches(tokens, 2)):
        with pytest.raises(TokenError, match=f"token ids go from 0 to 2,147,483,647; got {found}"):
            drawn(batches, 30)


@pytest.mark.parametrize("name", ["seq_len", "stride", "batch_size", "seed"])
@pytest.mark.parametrize("value", [-1, 1.5, True, "2", 2**63])
def test_settings(name, value):
    settings = {"seq_len": 2, "stride": 2, "batch_size": 2, "seed": 0, name: value}
    with pytest.raises(SettingError, match=name):
        WindowBatches(TENS, **settings)
    if name != "stride":
        del settings["stride"]
        with pytest.raises(SettingError, match=name):
            RandomBatches(TENS, **settings)


def test_documents_and_texts_check_their_settings():
    tokenizer = tokenizers.CharTokenizer("ab")
    for wrong in ({"block_size": 0}, {"batch_size": 0}, {"seed": -1}, {"batch_size": 1.0}):
        given = {"block_size": 2, **wrong}
        with pytest.raises(SettingError, match=next(iter(wrong))):
            DocumentBatches(["ab"], tokenizer, **given)
        with pytest.raises(SettingError, match=next(iter(wrong))):
            TextBatches("abab", tokenizer, **given)


def test_too_few_windows():
    with pytest.raises(ShapeError, match="at most the 3 windows of the text; got 4"):
        WindowBatches(TENS, 5, 3, 4)
    assert WindowBatches(TENS, 5, 3, 4, drop_last=False).batches_per_epoch == 1
    with pytest.raises(ShapeError, match=r"12 tokens needs 13, .* there are 12"):
        WindowBatches(TENS, 12, 1, 1)
    with pytest.raises(ShapeError, match="at least 2 tokens to train on; got 1"):
        RandomBatches([1], 4)

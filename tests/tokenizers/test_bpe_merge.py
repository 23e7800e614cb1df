"""Merging pairs by hand."""

from microgpt import tokenizers
from microgpt.tokenizers import merge_all
from microgpt.tokenizers.bpe_merge import merge_steps


def test_merging():
    assert tokenizers.merge([97, 97, 97], (97, 97), 256) == [256, 97]
    assert tokenizers.merge([1, 2, 1, 2, 1], (1, 2), 9) == [9, 9, 1]
    assert tokenizers.merge([], (1, 2), 9) == []
    # The pair learned first, not the longest token: "a bc" becomes ab + c.
    assert merge_all([97, 98, 99], {(97, 98): 256, (98, 99): 257}) == [256, 99]
    assert merge_all([97, 98, 99], {(98, 99): 256, (97, 98): 257}) == [97, 256]
    assert merge_all([], {}) == []


def test_each_step_is_one_merge_and_their_tokens_ascend():
    merge_ids = {(98, 99): 256, (97, 98): 257, (97, 256): 258}
    steps = list(merge_steps([97, 98, 99, 97, 98], merge_ids))
    assert steps == [
        (256, [97, 256, 97, 98]), (257, [97, 256, 257]), (258, [258, 257]),
    ]  # fmt: skip
    assert list(merge_steps([97], merge_ids)) == list(merge_steps([98, 97], merge_ids)) == []

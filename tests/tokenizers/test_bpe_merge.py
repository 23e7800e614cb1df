"""Merging pairs by hand."""

from microgpt import tokenizers
from microgpt.tokenizers import merge_all


def test_merging():
    assert tokenizers.merge([97, 97, 97], (97, 97), 256) == [256, 97]
    assert tokenizers.merge([1, 2, 1, 2, 1], (1, 2), 9) == [9, 9, 1]
    assert tokenizers.merge([], (1, 2), 9) == []
    # The pair learned first, not the longest token: "a bc" becomes ab + c.
    assert merge_all([97, 98, 99], {(97, 98): 256, (98, 99): 257}) == [256, 99]
    assert merge_all([97, 98, 99], {(98, 99): 256, (97, 98): 257}) == [97, 256]
    assert merge_all([], {}) == []

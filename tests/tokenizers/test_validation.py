"""Which merges can ever apply."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from microgpt.errors import FormatError
from microgpt.tokenizers import BPETokenizer, merge_all, validation
from microgpt.tokenizers.validation import is_reachable

PAIRS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=25)


def possible(entries):
    """A list of merges from small numbers: those of existing tokens, the bytes being a and b."""
    merge_ids, pairs = {}, []
    for left, right in entries:
        pair = tuple(97 + n if n < 2 else 254 + n for n in (left, right))
        if max(pair) < 256 + len(pairs) and pair not in merge_ids:
            merge_ids[pair] = 256 + len(pairs)
            pairs.append(pair)
    return merge_ids, pairs


@settings(deadline=None, max_examples=400)
@given(PAIRS)
@example([(0, 1), (1, 0), (0, 3), (2, 0)])
@example([(0, 0), (2, 0), (0, 2)])
@example([(0, 0), (2, 2), (2, 0), (0, 2), (3, 2)])
def test_a_merge_comes_about_if_its_own_bytes_lead_to_it(entries):
    merge_ids, pairs = possible(entries)
    content = {97: [97], 98: [98]}
    for index, pair in enumerate(pairs):
        content[256 + index] = content[pair[0]] + content[pair[1]]
        so_far = {known: merge_ids[known] for known in pairs[: index + 1]}
        reached = merge_all(content[256 + index], so_far) == [256 + index]
        assert is_reachable(pair, so_far, pairs[: index + 1]) == reached
        if not reached:
            break


def test_the_bytes_of_all_tokens_together_are_bounded(monkeypatch):
    """Each merge can double the length; many short ones add up too."""
    doubling = [(97, 97), *((token, token) for token in range(256, 290))]
    with pytest.raises(FormatError, match=r"16,777,216 bytes together; with merge 22 they have 16"):
        BPETokenizer(doubling)
    monkeypatch.setattr(validation, "MAX_TOTAL_BYTES", 256 + 2 * 20)
    short = [(97, byte) for byte in range(21)]
    assert BPETokenizer(short[:20]).vocab_size == 277
    with pytest.raises(FormatError, match="296 bytes together; with merge 20 they have 298"):
        BPETokenizer(short)


@settings(deadline=None, max_examples=300)
@given(entries=PAIRS, text=st.text("ab", max_size=40))
def test_lists_that_can_be_are_encoded_as_by_tiktoken(entries, text):
    _, pairs = possible(entries)
    try:
        tokenizer = BPETokenizer(pairs)
    except FormatError:
        return
    assert tokenizer.encode(text) == tokenizer.encode_reference(text)

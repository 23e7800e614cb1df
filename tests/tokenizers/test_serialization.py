"""Descriptions of tokenizers: exact round trips, and any other description refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import tokenizers
from microgpt.errors import FormatError
from microgpt.tokenizers import BPETokenizer


def test_gpt2_in_a_checkpoint_needs_no_other_file(gpt2):
    description = json.loads(json.dumps(gpt2.to_dict()))
    again = tokenizers.from_dict(description)
    assert again.to_dict() == gpt2.to_dict()
    assert again.encode("Every effort moves you") == [6109, 3626, 6100, 345]
    assert again.eos_token_id == 50256


def test_a_description_comes_back_exactly(trained, story):
    description = json.loads(json.dumps(trained.to_dict()))
    again = tokenizers.from_dict(description)
    assert again.to_dict() == trained.to_dict() == description
    assert again.encode(story) == trained.encode(story)
    assert (again.vocab_size, again.eos_token_id, again.counts) == (400, 399, trained.counts)


BASE = BPETokenizer([(97, 98), (256, 99)]).to_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"merges": [[97, 98], [257, 99]]}, r"merge 1 must be a pair .* from 0 to 256; got \[257"),
        ({"merges": [[97, 98], [97, 98]]}, "merge 1 repeats merge 0"),
        ({"merges": [[97, 98], [98, 99], [97, 257]]}, "merge 2 can never happen"),
        ({"merges": [[97, -1]]}, "merge 0 must be"),
        ({"merges": [[97, True]]}, "merge 0 must be"),
        ({"merges": [[97, 98.0]]}, "merge 0 must be"),
        ({"merges": [[97]]}, "merge 0 must be"),
        ({"merges": ["ab"]}, "merge 0 must be"),
        ({"merges": "ab"}, "list of pairs"),
        ({"merges": None}, "list of pairs"),
        ({"merges": [[97, 98]] * 300_000}, "at most 262,144 merges are read; got 300,000"),
        ({"merges": [[97, 97], *([n, n] for n in range(256, 100_000))]}, "16,777,216 bytes"),
        ({"byte_order": list(range(255))}, "byte_order"),
        ({"byte_order": [0, *range(255)]}, "byte_order"),
        ({"byte_order": [True, 0, *range(2, 256)]}, "byte_order"),
        ({"byte_order": 7}, "byte_order"),
        ({"special_tokens": "<|endoftext|>"}, "list of names"),
        ({"special_tokens": [""]}, "must be a text"),
        ({"special_tokens": [3]}, "must be a text"),
        ({"special_tokens": ["a", "a"]}, "different names"),
        ({"special_tokens": ["\ud800"]}, "half of a pair"),
        ({"special_tokens": ["a"] * 2000}, "at most 1,000"),
        ({"pattern": "("}, "regular expression"),
        ({"pattern": ["a"]}, "pattern must be a string"),
        ({"pattern": "a" * 1000}, "pattern must be a string"),
        ({"counts": [1]}, "counts must be a list of 2 integers"),
        ({"counts": [1, 0]}, "positive integers"),
        ({"counts": 5}, "counts must be a list"),
        ({"more": 1}, "is described by"),
    ],
)
def test_descriptions_that_cannot_be(change, message):
    with pytest.raises(FormatError, match=message):
        tokenizers.from_dict({**BASE, **change})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


KEYS = sorted(BASE)


@settings(deadline=None, max_examples=200)
@given(
    change=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=2),
    merges=st.lists(st.lists(st.integers(-1, 300), min_size=1, max_size=3), max_size=5) | st.none(),
    missing=st.sets(st.sampled_from(KEYS), max_size=1),
)
def test_any_description_gives_a_tokenizer_or_a_format_error(change, merges, missing):
    description = {**BASE, **change}
    if merges is not None:
        description["merges"] = merges
    description = {key: value for key, value in description.items() if key not in missing}
    try:
        tokenizer = tokenizers.from_dict(description)
    except FormatError:
        return
    assert tokenizer.decode(tokenizer.encode("a✓")) == "a✓"
    assert tokenizers.from_dict(tokenizer.to_dict()).to_dict() == tokenizer.to_dict()

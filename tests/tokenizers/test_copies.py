"""Tokenizers are copied and pickled with all that they know."""

import copy
import pickle

import pytest

from microgpt import tokenizers

TEXT = "the cat sat on the mat, the rat"
TOKENIZERS = {
    "char": lambda: tokenizers.CharTokenizer(TEXT),
    "bpe": lambda: tokenizers.train_bpe(TEXT, 262),
    "gpt2": lambda: tokenizers.gpt2(),
}


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("make", TOKENIZERS.values(), ids=TOKENIZERS)
@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda tokenizer: pickle.loads(pickle.dumps(tokenizer))]
)
def test_a_copied_tokenizer_encodes_alike(data, copied, make, used):
    tokenizer = make()
    if used:  # which may leave a compiled helper in it
        tokenizer.encode(TEXT)
    other = copied(tokenizer)
    assert other.to_dict() == tokenizer.to_dict()
    assert other.encode(TEXT, bos=True) == tokenizer.encode(TEXT, bos=True)
    assert other.decode(tokenizer.encode(TEXT)) == TEXT

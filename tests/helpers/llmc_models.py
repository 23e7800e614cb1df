"""llm.c's model files, read and compared to the last bit."""

import tracemalloc

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import microgpt as mg
from microgpt.pretrained.llmc.model_file import open_model
from microgpt.pretrained.weight_source import build_model

VERSIONS = (1, 3, 5)


def load(path, backend="numpy"):
    return build_model(open_model(path), backend)


def bits(model):
    return {name: weight.array.view(np.uint32) for name, weight in model.named_parameters()}


def assert_same_bits(one, other):
    assert one.config == other.config
    ours, theirs = bits(one), bits(other)
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


class Tokens:
    """What `write_tokenizer` asks of a tokenizer."""

    def __init__(self, tokens, eos_token_id=0):
        self.tokens, self.eos_token_id, self.vocab_size = tokens, eos_token_id, len(tokens)

    def token_bytes(self, token):
        return self.tokens[token]


NUMBERS = st.one_of(st.integers(-3, 9), st.sampled_from([128, 2**15, 2**30, 2**31 - 1, -(2**31)]))


FUZZ = settings(deadline=None, max_examples=150)


def read_whatever(path, content, read):
    """Read any bytes: a result, or an error that names the file; and no more memory than them."""
    path.write_bytes(content)
    tracemalloc.start()
    result = refusal = None
    try:
        result = read(path)
    except mg.FormatError as error:
        refusal = str(error)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal is None or str(path) in refusal
    assert peak < 2**19 + 100 * len(content)
    return result

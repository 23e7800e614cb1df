"""llm.c's debug states: any bytes are one, or refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmc_files import SMALL, header, small_model, state_file

import microgpt as mg
from microgpt.pretrained.llmc.debug_state import read_batch, read_state


@settings(deadline=None, max_examples=150)
@given(numbers=st.lists(st.sampled_from([0, 1, 2, 3, 5, -1, 2**31 - 1]), min_size=3, max_size=4),
       start=st.integers(0, 2000), rest=st.binary(max_size=40))  # fmt: skip
def test_any_bytes_are_a_state_or_an_error(tmp_path_factory, numbers, start, rest):
    good = state_file(small_model(), 2, [[0]], [[1]])
    content = header(20240327, *numbers) + good[1024 : 1024 + start] + rest
    content += good[len(content) :]
    path = tmp_path_factory.getbasetemp() / "any_state.bin"
    path.write_bytes(content)
    for read in (lambda: read_state(path, SMALL).logits.nbytes, lambda: read_batch(path)[0].nbytes):
        try:
            size = read()
        except mg.FormatError as error:
            refused = str(error)
        else:
            refused = str(path)
            assert size <= len(content)
        assert str(path) in refused


def state_of(T, token=0, target=0):
    """The bytes of a state of one text of T tokens, with the gradients of SMALL."""
    gradients = state_file(small_model(), 1, [[0]], [[1]])[1024 + 8 + 4 * SMALL.vocab_size + 4 :]
    ids = np.zeros((2, T), "<i4")
    ids[0, -1], ids[1, -1] = token, target
    logits = np.zeros((T, SMALL.vocab_size), "<f4")
    content = (header(20240327, 1, 1, T), ids.tobytes(), logits.tobytes(), bytes(4), gradients)
    return b"".join(content)


@pytest.mark.parametrize(
    ("field", "value", "fits"),
    [
        ("token", 0, True), ("token", 6, True), ("token", 7, False), ("token", -1, False),
        ("target", -1, True), ("target", 6, True), ("target", 7, False), ("target", -2, False),
    ],
)  # fmt: skip
def test_tokens_and_targets_are_in_the_vocabulary(tmp_path, field, value, fits):
    path = tmp_path / "state.bin"
    path.write_bytes(state_of(2, **{field: value}))
    if fits:
        assert read_state(path, SMALL).tokens.shape == (1, 2)
    else:
        with pytest.raises(mg.FormatError, match=rf"must have {field}s from -?\d to 6.*{value}"):
            read_state(path, SMALL)


def test_a_text_may_be_as_long_as_the_block(tmp_path):
    path, T = tmp_path / "state.bin", SMALL.block_size
    path.write_bytes(state_of(T))
    assert read_state(path, SMALL).logits.shape == (1, T, SMALL.vocab_size)
    path.write_bytes(state_of(T + 1))
    with pytest.raises(mg.FormatError, match=f"has texts of {T + 1} tokens, .* block_size is {T}"):
        read_state(path, SMALL)

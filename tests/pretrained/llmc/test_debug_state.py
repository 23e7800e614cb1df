"""llm.c's debug states: any bytes are one, or refused."""

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

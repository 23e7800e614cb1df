"""Sorted tables: order of keys, any bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_gpt2 import FUZZ, load, loads_or_refuses, random_model
from tensorflow_files import table, write

from microgpt.errors import FormatError
from microgpt.pretrained.tensorflow import sstable


def test_keys_must_come_in_order(tmp_path):
    content = table([(b"b", b"1"), (b"b", b"2")], blocks=1)
    (tmp_path / "x.index").write_bytes(content)
    with pytest.raises(FormatError, match=r"the key b'b' does not come after b'b'"):
        load(tmp_path / "x.index")
    long = table([(b"k" * 300, b"1")], blocks=1)
    (tmp_path / "x.index").write_bytes(long)
    with pytest.raises(FormatError, match="is longer than it can be"):
        load(tmp_path / "x.index")


@FUZZ
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_refused(tmp_path, content, ends_well):
    footer = sstable.SSTABLE_MAGIC.to_bytes(8, "little") if ends_well else b""
    (tmp_path / "x.index").write_bytes(content + footer)
    loads_or_refuses(tmp_path / "x.index", n_head=2)


@FUZZ
@given(st.data())
def test_any_change_of_a_block_is_refused_or_read(tmp_path, data):
    def spoil(part):
        part = bytearray(part)
        for _ in range(data.draw(st.integers(0, 2))):
            part[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.integers(0, 255))
        return bytes(part)

    loads_or_refuses(write(tmp_path / "m", random_model(), spoil=spoil), n_head=2)


def test_a_key_shares_no_more_than_the_key_before_has(tmp_path):
    content = table([(b"b", b"1")], blocks=1, spoil=lambda part: b"\x03" + part[1:])
    (tmp_path / "x.index").write_bytes(content)
    with pytest.raises(FormatError, match="is longer than it can be"):
        load(tmp_path / "x.index")

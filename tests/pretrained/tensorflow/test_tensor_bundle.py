"""Indices that lie, and damaged bytes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_gpt2 import FUZZ, load, loads_or_refuses, random_model
from tensorflow_files import HEADER, HPARAMS, field, laid_out, table, write

from microgpt.errors import FormatError

NAME = "model/h1/ln_2/g"


def of(**changes):
    def change(tensors):
        for name, value in changes.items():
            setattr(tensors[NAME], name, value)

    return change


WRONG = {
    "missing": (lambda t: t.pop(NAME), r"model/h1/ln_2/g is missing"),
    "surplus": (
        lambda t: t.update({"model/wte/Adam": replace(t.pop(NAME))}),
        r"model/wte/Adam is not of this model",
    ),
    "misshapen": (of(shape=(2, 4)), r"model/h1/ln_2/g must have shape \(8,\)"),
    "checksum": (of(crc=7), r"data-00000-of-00001 is damaged: the checksum of model/h1/ln_2/g"),
    "size": (of(size=28), r"of shape \(8,\) needs 32 bytes; the index says 28"),
    "too many bytes": (of(size=36), r"of shape \(8,\) needs 32 bytes; the index says 36"),
    "no matrix in three axes": (
        lambda t: vars(t["model/h1/attn/c_attn/w"]).update(shape=(0, 8, 24), size=0),
        r"c_attn/w must have shape \(24, 8\) \(as out, in\); got \(0, 8, 24\)",
    ),
    "larger": (of(shape=(2**60,), size=2**62), r"must have at least 4,611,686,018,427,3"),
    "overflow": (of(shape=(2**62, 2**62), size=2**63), r"needs 85,070,"),
    "negative": (of(shape=(2**64 - 8,)), r"a tensor has a negative size"),
    "beyond the end": (of(offset=10**12), r"must have at least 1,000,000,000,032 bytes"),
    "in one place": (of(offset=0), r"'model/wte'.*at one offset"),
    "float64": (of(dtype=2), r"must be float32 \(dtype 1\); got float64"),
    "bfloat16": (of(dtype=14), r"got bfloat16"),
    "odd dtype": (of(dtype=99), r"got number 99"),
    "another file": (of(shard=1), r"is said to be in file 1 of 1"),
    "slices": (of(more=field(7, b"")), r"is kept in slices"),
    "many axes": (of(shape=(1,) * 9), r"a tensor has 9 axes"),
    "odd field": (of(more=field(60, 1)), r"field 60 of a tensor"),
    "broken field": (of(more=b"\x0f"), r"the wire type 7 of a field"),
}


@pytest.mark.parametrize("what", WRONG)
def test_an_index_that_lies(tmp_path, what):
    folder = write(tmp_path / "m", random_model(), WRONG[what][0])
    with pytest.raises(FormatError, match=WRONG[what][1]) as refused:
        load(folder)
    assert str(folder) in str(refused.value)


TABLES = {
    "big-endian": ({"header": field(1, 1) + field(2, 1)}, "its numbers are big-endian"),
    "no files": ({"header": b""}, "it must have 1 data file or more"),
    "many files": ({"header": field(1, 99_999)}, "says that 28 tensors are in 99999 files"),
    "compressed": ({"compression": 1}, "is compressed, which is not read here"),
    "magic": ({"magic": 1}, r"must end with the magic number 0xdb4775248b80fb57 .*; got 0x1"),
    "layers": (
        {"hparams": HPARAMS | {"n_layer": 10**12}},
        "1000000000000 layers of 12 tensors cannot come from",
    ),
    "heads": ({"hparams": HPARAMS | {"n_head": 3}}, r"hparams.json does not describe a GPT-2"),
    "no size": ({"hparams": {"n_ctx": 6}}, r"hparams.json must have n_vocab, n_layer, n_head"),
    "no object": ({"hparams": [1]}, r"hparams.json must be a JSON object"),
    "width": ({"hparams": HPARAMS | {"n_embd": 16}}, r"model/wte must have shape \(11, 16\)"),
}


@pytest.mark.parametrize("what", TABLES)
def test_a_table_or_hparams_that_lie(tmp_path, what):
    folder = write(tmp_path / "m", random_model(), **TABLES[what][0])
    with pytest.raises(FormatError, match=TABLES[what][1]) as refused:
        load(folder)
    assert str(folder) in str(refused.value)


def test_damaged_bytes_are_noticed(tmp_path):
    folder = write(tmp_path / "m", random_model())
    index, data = folder / "model.ckpt.index", folder / "model.ckpt.data-00000-of-00001"
    for path, message in ((index, "checksum of the block"), (data, "checksum of model/h0/attn")):
        content = bytearray(whole := path.read_bytes())
        content[1500 if path == data else 100] ^= 1
        path.write_bytes(content)
        with pytest.raises(FormatError, match=message):
            load(folder)
        path.write_bytes(whole)
    data.write_bytes(data.read_bytes()[:-4])
    with pytest.raises(FormatError, match=r"must have at least .* bytes to hold .*; it has"):
        load(folder)
    index.write_bytes(index.read_bytes()[:40])
    with pytest.raises(FormatError, match="must be a table of 48 to"):
        load(folder)
    index.unlink()
    with pytest.raises(FormatError, match="there is no checkpoint at"):
        load(folder)


@FUZZ
@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=40)), max_size=5))
def test_any_entries_are_refused(tmp_path, entries):
    """Their checksums are right: what the entries say is what is looked at."""
    (tmp_path / "x.index").write_bytes(table([(b"", HEADER), *entries]))
    loads_or_refuses(tmp_path / "x.index", n_head=2)


@FUZZ
@given(st.data())
def test_any_change_of_an_entry_is_refused_or_read(tmp_path, data):
    tensors, numbers = laid_out(random_model())
    entries = {name.encode(): bytearray(tensor.entry()) for name, tensor in tensors.items()}
    entries[b""] = bytearray(HEADER)
    for _ in range(data.draw(st.integers(1, 3))):
        entry = entries[data.draw(st.sampled_from(sorted(entries)))]
        entry[data.draw(st.integers(0, len(entry) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "m.index").write_bytes(table([(k, bytes(v)) for k, v in entries.items()]))
    (tmp_path / "m.data-00000-of-00001").write_bytes(numbers)
    loads_or_refuses(tmp_path / "m.index", n_head=2)

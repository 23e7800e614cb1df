"""OpenAI's TensorFlow checkpoint: equal arrays, damaged and hostile files, and memory."""

import json
import shutil
from dataclasses import dataclass, replace

import google_crc32c
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import microgpt as mg
from microgpt.errors import FormatError
from microgpt.pretrained.tensorflow import crc32c, sstable
from microgpt.pretrained.tensorflow.protobuf import DecodeError, iter_fields, read_varint

SMALL = mg.GPTConfig.preset(
    "gpt2-124M", vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8, init_std=0.3
)
HPARAMS = {"n_vocab": 11, "n_ctx": 6, "n_embd": 8, "n_head": 2, "n_layer": 2}
FUZZ = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


# A writer of such checkpoints, for tests alone.


def number(value):
    """Seven bits a byte, low ones first."""
    content = b""
    while value > 127:
        content += bytes([value & 127 | 128])
        value >>= 7
    return content + bytes([value])


def masked(content):
    crc = google_crc32c.value(content)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def block(entries, every=4):
    """Entries as a block: a key shares its beginning with the one before, but for every fourth."""
    content, restarts, last = b"", [], b""
    for place, (key, value) in enumerate(entries):
        pairs = enumerate(zip(last, key, strict=False))
        shared = next((i for i, (a, b) in pairs if a != b), min(len(last), len(key)))
        if place % every == 0:
            restarts.append(len(content))
            shared = 0
        content += number(shared) + number(len(key) - shared) + number(len(value))
        content += key[shared:] + value
        last = key
    restarts = restarts or [0]
    return content + b"".join(int.to_bytes(n, 4, "little") for n in (*restarts, len(restarts)))


def table(entries, blocks=2, compression=0, magic=sstable.SSTABLE_MAGIC, spoil=lambda part: part):
    """A sorted table of some entries, in a few blocks, each spoilt before its checksum is made."""
    content, index = b"", []

    def add(part):
        nonlocal content
        part = spoil(part)
        handle = number(len(content)) + number(len(part))
        part += bytes([compression])
        content += part + masked(part).to_bytes(4, "little")
        return handle

    entries = sorted(entries)
    size = -(-len(entries) // blocks) or 1
    for start in range(0, len(entries), size):
        some = entries[start : start + size]
        index.append((some[-1][0], add(block(some))))
    footer = add(block([])) + add(block(index))
    return content + footer.ljust(40, b"\0") + magic.to_bytes(8, "little")


def field(place, value):
    """A field of a protobuf message."""
    if isinstance(value, bytes):
        return number(place << 3 | 2) + number(len(value)) + value
    return number(place << 3) + number(value)


@dataclass
class Tensor:
    """What an index says of one tensor."""

    shape: tuple
    offset: int
    size: int
    crc: int
    dtype: int = 1
    shard: int = 0
    more: bytes = b""

    def entry(self):
        shape = b"".join(field(2, field(1, length)) for length in self.shape)
        content = field(1, self.dtype) + field(2, shape)
        if self.shard:
            content += field(3, self.shard)
        content += field(4, self.offset) + field(5, self.size)
        return content + number(6 << 3 | 5) + self.crc.to_bytes(4, "little") + self.more


def label(name):
    *place, kind = name.replace("h.", "h", 1).split(".")
    if place[0] in ("wte", "wpe"):
        return f"model/{place[0]}"
    weight = "g" if place[-1].startswith("ln") else "w"
    return "/".join(["model", *place, weight if kind == "weight" else "b"])


def laid_out(model):
    """The model's tensors as TensorFlow keeps them, and their bytes one after the other."""
    tensors, content = {}, bytearray()
    for name, array in model.state_dict().items():
        if "c_" in name and array.ndim == 2:
            array = array.T[None]
        data = np.ascontiguousarray(array).tobytes()
        tensors[label(name)] = Tensor(array.shape, len(content), len(data), masked(data))
        content += data
    return tensors, bytes(content)


HEADER = field(1, 1) + field(3, field(1, 1))


def write(folder, model, change=None, header=HEADER, hparams=HPARAMS, **options):
    """A checkpoint of the model; `change` may alter what the index says before it is written."""
    folder.mkdir(exist_ok=True)
    tensors, data = laid_out(model)
    if change is not None:
        change(tensors)
    entries = [(name.encode(), tensor.entry()) for name, tensor in tensors.items()]
    (folder / "model.ckpt.index").write_bytes(table([(b"", header), *entries], **options))
    (folder / "model.ckpt.data-00000-of-00001").write_bytes(data)
    (folder / "checkpoint").write_text('model_checkpoint_path: "model.ckpt"\n')
    if hparams is not None:
        (folder / "hparams.json").write_text(json.dumps(hparams))
    return folder


def random_model(config=SMALL):
    model, rng = mg.GPT(config, seed=3, backend="numpy"), np.random.default_rng(3)
    for parameter in model.parameters():
        parameter.data += rng.normal(0, 0.1, parameter.shape).astype(np.float32)
    return model


def load(path, **options):
    return mg.load_pretrained(path, backend="numpy", **options).model


def require_equal(model, other):
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], array, err_msg=name)


def test_checksums_are_crc_32c():
    assert crc32c.extend_crc(0, b"123456789") == 0xE3069283
    assert crc32c.extend_crc(crc32c.extend_crc(0, b"1234"), b"56789") == 0xE3069283
    assert crc32c.extend_crc(0, bytes(32)) == 0x8A9136AA
    assert crc32c.mask_crc(0) == 0xA282EAD8


def test_every_array_is_tensorflow_s(fixtures):
    folder = fixtures / "openai" / "tiny"
    model = load(folder)
    assert model.config == replace(
        SMALL, vocab_size=211, block_size=32, n_head=4, n_embd=32, init_std=0.02
    )
    expected = np.load(folder / "expected_weights.npz")
    weights = model.state_dict()
    assert {label(name).replace("/", "|") for name in weights} == set(expected)
    for name, array in weights.items():
        wanted = expected[label(name).replace("/", "|")]
        np.testing.assert_array_equal(array, wanted[0].T if wanted.ndim == 3 else wanted)
    require_equal(model, load(folder / "model.ckpt.index"))


def test_a_checkpoint_of_our_own_making(tmp_path):
    model = random_model()
    for blocks in (1, 2, 5):
        require_equal(model, load(write(tmp_path / "a", model, blocks=blocks)))
    plain = write(tmp_path / "b", model, hparams=None)
    require_equal(model, load(plain, n_head=2))
    with pytest.raises(FormatError, match=r"put its config.json or hparams.json beside it"):
        load(plain)
    shutil.move(plain / "model.ckpt.index", plain / "model-500.index")
    shutil.move(plain / "model.ckpt.data-00000-of-00001", plain / "model-500.data-00000-of-00001")
    require_equal(model, load(plain, n_head=2))


def test_two_files_of_numbers(tmp_path):
    model = random_model()

    def change(tensors):
        nonlocal start
        tensor = tensors["model/ln_f/b"]  # the last one
        start, tensor.offset, tensor.shard = tensor.offset, 0, 1

    start = 0
    folder = write(tmp_path / "m", model, change, header=field(1, 2))
    data = (folder / "model.ckpt.data-00000-of-00001").read_bytes()
    with pytest.raises(FormatError, match=r"needs model.ckpt.data-00000-of-00002 beside it"):
        load(folder)
    (folder / "model.ckpt.data-00000-of-00002").write_bytes(data[:start])
    (folder / "model.ckpt.data-00001-of-00002").write_bytes(data[start:])
    require_equal(model, load(folder))


# Damaged and hostile files.

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


def test_keys_must_come_in_order(tmp_path):
    content = table([(b"b", b"1"), (b"b", b"2")], blocks=1)
    (tmp_path / "x.index").write_bytes(content)
    with pytest.raises(FormatError, match=r"the key b'b' does not come after b'b'"):
        load(tmp_path / "x.index")
    long = table([(b"k" * 300, b"1")], blocks=1)
    (tmp_path / "x.index").write_bytes(long)
    with pytest.raises(FormatError, match="is longer than it can be"):
        load(tmp_path / "x.index")


def loads_or_refuses(folder):
    """Any file gives a model, or a FormatError that names it."""
    error = None
    try:
        load(folder, n_head=2)
    except FormatError as refused:
        error = refused
    assert error is None or str(folder.parent) in str(error)


@FUZZ
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_refused(tmp_path, content, ends_well):
    footer = sstable.SSTABLE_MAGIC.to_bytes(8, "little") if ends_well else b""
    (tmp_path / "x.index").write_bytes(content + footer)
    loads_or_refuses(tmp_path / "x.index")


@FUZZ
@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=40)), max_size=5))
def test_any_entries_are_refused(tmp_path, entries):
    """Their checksums are right: what the entries say is what is looked at."""
    (tmp_path / "x.index").write_bytes(table([(b"", HEADER), *entries]))
    loads_or_refuses(tmp_path / "x.index")


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
    loads_or_refuses(tmp_path / "m.index")


@FUZZ
@given(st.data())
def test_any_change_of_a_block_is_refused_or_read(tmp_path, data):
    def spoil(part):
        part = bytearray(part)
        for _ in range(data.draw(st.integers(0, 2))):
            part[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.integers(0, 255))
        return bytes(part)

    loads_or_refuses(write(tmp_path / "m", random_model(), spoil=spoil))


@given(st.integers(0, 2**64 - 1))
def test_numbers_of_seven_bits_a_byte(value):
    content = number(value)
    assert read_varint(content + b"rest", 0) == (value, len(content))
    with pytest.raises(DecodeError):
        read_varint(content[:-1], 0)


def test_numbers_that_are_too_large():
    for content in (b"\xff" * 9 + b"\x02", b"\x80" * 11):
        with pytest.raises(DecodeError, match="more than 64 bits"):
            read_varint(content, 0)
    assert list(iter_fields(field(1, 300) + field(2, b"ab") + b"\x1d\x01\0\0\0")) == [
        (1, 300),
        (2, b"ab"),
        (3, 1),
    ]

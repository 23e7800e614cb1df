"""llm.c's files: read, written again byte for byte, and refused where they are wrong."""

import os
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmc_files import SMALL, header, model_file, small_model
from peaks import PEAK

import microgpt as mg
from microgpt.pretrained.llmc.model_file import open_model
from microgpt.pretrained.llmc.model_writer import to_bfloat16, write_model
from microgpt.pretrained.llmc.tokenizer_file import read_tokenizer, write_tokenizer
from microgpt.pretrained.weight_source import build_model

VERSIONS = (1, 3, 5)
FIXTURES = {1: "tiny_v1.bin", 3: "tiny_v3.bin", 5: "tiny_v5_bf16.bin"}


def load(path, backend="numpy"):
    return build_model(open_model(path), backend)


def bits(model):
    return {name: weight.array.view(np.uint32) for name, weight in model.named_parameters()}


def assert_same_bits(one, other):
    assert one.config == other.config
    ours, theirs = bits(one), bits(other)
    for name, array in ours.items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


@pytest.fixture(scope="module")
def files(fixtures):
    return {version: fixtures / "llmc" / name for version, name in FIXTURES.items()}


# ------------------------------------------------------------------ files of the original writers


def test_all_versions_hold_one_model(files):
    models = {version: load(path) for version, path in files.items()}
    config = models[1].config
    sizes = (config.block_size, config.vocab_size, config.n_layer, config.n_head, config.n_embd)
    assert sizes == (32, 300, 2, 2, 32)
    assert config.tie_weights
    assert config.bias
    assert_same_bits(models[1], models[3])
    for name, array in bits(models[5]).items():
        rounded = to_bfloat16(models[3].state_dict()[name])
        np.testing.assert_array_equal(array >> 16, rounded, err_msg=name)
        assert not (array & 0xFFFF).any()


@pytest.mark.parametrize(("read", "write"), [(1, 1), (3, 3), (5, 5), (1, 3), (3, 1), (3, 5)])
def test_files_are_written_again_byte_for_byte(files, tmp_path, read, write):
    written = write_model(tmp_path / "new" / "model.bin", load(files[read]), version=write)
    assert written == tmp_path / "new" / "model.bin"
    assert written.read_bytes() == files[write].read_bytes()
    assert os.listdir(written.parent) == ["model.bin"]


def test_gpt2_s_tokenizer_is_written_byte_for_byte(fixtures, data, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    original = fixtures / "llmc" / "gpt2_tokenizer_v2.bin"
    tokenizer = mg.tokenizers.gpt2()
    written = write_tokenizer(tmp_path / "tokenizer.bin", tokenizer)
    assert written.read_bytes() == original.read_bytes()
    tokens, eos_token_id = read_tokenizer(original)
    assert (len(tokens), eos_token_id, tokens[50256]) == (50257, 50256, b"<|endoftext|>")
    assert b"".join(tokens[token] for token in (6109, 3626, 6100, 345)) == b"Every effort moves you"


# ------------------------------------------------------------------ files written here


@pytest.mark.parametrize("version", VERSIONS)
def test_layout_is_that_of_a_file_written_by_hand(tmp_path, version):
    model, file = small_model(), tmp_path / "model.bin"
    if version == 5:
        for weight in model.parameters():  # numbers that bfloat16 holds
            weight.array[...] = np.round(weight.array * 64) / 64
    file.write_bytes(model_file(model, version))
    assert_same_bits(load(file), model)
    assert write_model(tmp_path / "again.bin", model, version).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("version", [1, 3])
def test_float32_round_trips_to_the_last_bit(tmp_path, version):
    model, rng = small_model(), np.random.default_rng(1)
    for weight in model.parameters():  # any bits: NaN with a payload, −0, denormal numbers
        weight.array.view(np.uint32)[...] = rng.integers(0, 2**32, weight.shape, np.uint32)
    assert_same_bits(load(write_model(tmp_path / "m.bin", model, version)), model)


def test_bfloat16_is_the_nearest_and_halfway_the_even_one():
    rng = np.random.default_rng(2)
    random = rng.integers(0, 0x7F7F0000, 4000, np.uint32)  # up to the largest that has a next one
    ties = (random & 0xFFFF0000) | 0x8000
    bits = np.concatenate([random, ties, ties + 1, ties - 1, [0, 1]]).astype(np.uint32)
    below = bits >> 16
    low, exact, high = (
        number.view(np.float32).astype(np.float64)
        for number in (below << 16, bits, (below + 1) << 16)
    )
    up = (high - exact < exact - low) | ((high - exact == exact - low) & (below % 2 == 1))
    np.testing.assert_array_equal(to_bfloat16(bits.view(np.float32)), below + up)
    negative = (bits | 0x80000000).view(np.float32)
    np.testing.assert_array_equal(to_bfloat16(negative), (below + up) | 0x8000)
    large = np.array([0x7F7F7FFF, 0x7F7F8000, 0x7F800000, 0xFF800000], np.uint32)
    assert to_bfloat16(large.view(np.float32)).tolist() == [0x7F7F, 0x7F80, 0x7F80, 0xFF80]
    nans = np.array([0x7F800001, 0xFFFFFFFF, 0x7FC01234], np.uint32).view(np.float32)
    kept = (to_bfloat16(nans).astype(np.uint32) << 16).view(np.float32)
    assert np.isnan(kept).all()


def test_float64_weights_are_rounded(tmp_path):
    model = mg.GPT(SMALL, dtype="float64", backend="numpy")
    read = load(write_model(tmp_path / "m.bin", model))
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(read.state_dict()[name], array.astype(np.float32))


def test_a_vocabulary_of_whole_rows_is_not_padded(tmp_path):
    config = mg.GPTConfig.preset(
        "gpt2-124M", vocab_size=256, block_size=2, n_layer=1, n_head=1, n_embd=2
    )
    model = small_model(config=config)
    file = write_model(tmp_path / "m.bin", model, version=3)
    assert np.frombuffer(file.read_bytes(), "<i4", 8)[7] == 256
    assert_same_bits(load(file), model)


MEMORY = f"""{PEAK}
from microgpt.pretrained.weight_source import build_model
from microgpt.pretrained.llmc.model_file import open_model
from microgpt.pretrained.llmc.model_writer import write_model

build_model(open_model(sys.argv[1]), "numpy")
forget()
before = peak()
model = build_model(open_model(sys.argv[2]), "numpy")
loaded = peak() - before
forget()
before = peak()
write_model(sys.argv[3], model, 5)
print(loaded / (4 * model.parameter_count()), peak() - before)
"""


@pytest.mark.parametrize("version", [3, 5])
def test_loading_takes_little_more_than_the_weights(tmp_path, version):
    config = mg.GPTConfig.preset(
        "gpt2-124M", vocab_size=20_000, block_size=64, n_layer=4, n_head=4, n_embd=256
    )
    big, small = tmp_path / "big.bin", tmp_path / "small.bin"
    write_model(big, mg.GPT(config, backend="numpy"), version)
    write_model(small, small_model(), version)
    out = subprocess.run(
        [sys.executable, "-c", MEMORY, str(small), str(big), str(tmp_path / "out.bin")],
        capture_output=True, text=True, check=True, env={**os.environ, "MICROGPT_POISON": "0"},
    ).stdout.split()  # fmt: skip
    assert float(out[0]) < 1.3
    assert int(out[1]) < 16 * 2**20


# ------------------------------------------------------------------ what is not written


class Tokens:
    """What `write_tokenizer` asks of a tokenizer."""

    def __init__(self, tokens, eos_token_id=0):
        self.tokens, self.eos_token_id, self.vocab_size = tokens, eos_token_id, len(tokens)

    def token_bytes(self, token):
        return self.tokens[token]


@pytest.mark.parametrize("format", ["llmc", "huggingface"])
def test_biases_that_a_model_does_not_have_are_written_as_zeros(tmp_path, format):
    config = mg.GPTConfig.preset(
        "gpt2-small-char", qkv_bias=False, n_layer=2, n_embd=16, block_size=8
    )
    model = mg.GPT(config, backend="numpy")
    mg.save_pretrained(tmp_path / "out", model, format=format)
    again = mg.load_pretrained(tmp_path / "out", backend="numpy", n_head=4).model
    assert again.config.has_qkv_bias
    assert not again.h[1].attn.c_attn.bias.numpy().any()
    tokens = np.arange(8)
    np.testing.assert_allclose(again(tokens).numpy(), model.eval()(tokens).numpy(), atol=1e-6)


def test_only_models_built_as_gpt2_are_written(tmp_path):
    target = tmp_path / "m.bin"
    with pytest.raises(
        mg.SettingError, match=r"norm='layernorm', .*, as in GPT-2, .*; got norm='rmsnorm'"
    ):
        write_model(target, mg.GPT(mg.GPTConfig.microgpt(), backend="numpy"))
    with pytest.raises(mg.SettingError, match="version must be one of 1, 3, 5; got 2"):
        write_model(target, small_model(), version=2)
    with pytest.raises(mg.SettingError, match="model must be a GPT; got dict"):
        write_model(target, {})
    with pytest.raises(mg.NotWritable, match="folder"):
        write_model(tmp_path, small_model())
    assert not os.listdir(tmp_path)


def test_nothing_is_written_if_a_part_is_refused(tmp_path):
    model = small_model(config=replace(SMALL, vocab_size=256))
    endless = mg.tokenizers.BPETokenizer([], special_tokens=())
    with pytest.raises(
        mg.SettingError, match=r"a token that ends a text, for llm.c's file; got one without"
    ):
        mg.save_pretrained(tmp_path / "out", model, endless, format="llmc")
    for name in ("m.safetensors", "gpt2_tokenizer.bin"):
        with pytest.raises(
            mg.SettingError,
            match=rf"path must be a folder, or a file named NAME\.bin, for llm\.c; got .*{name}",
        ):
            mg.save_pretrained(tmp_path / "out" / name, model, format="llmc")
    assert not os.listdir(tmp_path)


def test_a_disk_that_fills_leaves_the_old_file(tmp_path, monkeypatch):
    target = write_model(tmp_path / "m.bin", small_model())
    before = target.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    for write in (
        lambda: write_model(target, small_model(1)),
        lambda: write_tokenizer(target, Tokens([b"a"])),
    ):
        with pytest.raises(mg.NotWritable, match=r"m\.bin"):
            write()
    assert target.read_bytes() == before
    assert os.listdir(tmp_path) == ["m.bin"]


def test_tokenizers_round_trip_and_what_does_not_fit(tmp_path):
    file, tokens = tmp_path / "t.bin", [b"a", bytes(range(255)), b"<|end|>", b"a"]
    write_tokenizer(file, Tokens(tokens, 2))
    assert read_tokenizer(file) == (tokens, 2)
    content = bytearray(file.read_bytes())
    content[4] = 1  # version 1 says nothing of an end
    file.write_bytes(content)
    assert read_tokenizer(file) == (tokens, None)
    with pytest.raises(mg.SettingError, match=r"token 1 must be .* got 256"):
        write_tokenizer(file, Tokens([b"a", bytes(256)]))
    with pytest.raises(mg.SettingError, match=r"token 0 must be .* got 0"):
        write_tokenizer(file, Tokens([b""]))
    with pytest.raises(mg.SettingError, match="got one without"):
        write_tokenizer(file, Tokens([b"a"], None))
    with pytest.raises(mg.SettingError, match="of byte pairs"):
        write_tokenizer(file, object())


# ------------------------------------------------------------------ bad input


def changed(content, **fields):
    """The bytes of a file with some numbers of its header replaced."""
    numbers = np.frombuffer(content, "<i4", 256).copy()
    for name, value in fields.items():
        numbers[["magic", "version", "T", "V", "L", "H", "C", "rows"].index(name)] = value
    return numbers.tobytes() + content[1024:]


GOOD = {version: model_file(small_model(), version) for version in VERSIONS}
V3 = GOOD[3]
SWAPPED = np.frombuffer(V3, "<i4").byteswap().tobytes()

WRONG = {
    "empty": (b"", "header of 1,024 bytes; found 0 bytes"),
    "short header": (V3[:1000], "header of 1,024 bytes; found 1,000 bytes"),
    "magic": (b"abcd" + V3[4:], "must begin with the magic number 20240326; found 1684234849"),
    "safetensors": (b"\x40" + bytes(2000), "must begin with the magic number"),
    "swapped": (SWAPPED, "big-endian order"),
    "swapped, cut": (SWAPPED[:64], "big-endian order"),
    "state": (changed(V3, magic=20240327), "says that it is a debug state"),
    "shard": (changed(V3, magic=20240520), "says that it is a token shard"),
    "version": (changed(V3, version=2), "version 2, which is not known; known: 1, 3, 5"),
    "no layers": (changed(V3, L=0), "must have n_layer of 1 or more in its header; found 0"),
    "negative": (changed(V3, C=-4), "must have n_embd of 1 or more in its header; found -4"),
    "heads": (changed(V3, H=3), "n_embd must be a multiple of n_head=3; got 4"),
    "rows": (changed(V3, rows=6), "padded vocabulary of at least its 7 tokens"),
    "cut": (V3[:-1], f"takes {len(V3):,} bytes; found {len(V3) - 1:,}"),
    "no body": (V3[:1024], f"takes {len(V3):,} bytes; found 1,024"),
    "surplus": (V3 + b"\0", f"is too long: version 3 with block_size 5, vocab_size 7, n_layer 2, "
                f"n_head 2, n_embd 4, padded to 128 takes {len(V3):,} bytes; "
                f"found {len(V3) + 1:,}"),
    "huge": (changed(V3, T=2**31 - 1, V=2**31 - 1, L=2**31 - 1, C=2**31 - 2, rows=2**31 - 1),
             "is cut short"),
    "wrong body": (changed(V3, version=5), "is too long"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_model_file_is_one_sentence(tmp_path, case):
    content, message = WRONG[case]
    file = tmp_path / "model.bin"
    file.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(mg.FormatError) as caught:
            open_model(file)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    assert message in str(caught.value)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_padding_must_be_zero(tmp_path):
    file, content = tmp_path / "m.bin", bytearray(V3)
    content[1024 + 4 * 4 * 100] = 1
    file.write_bytes(content)
    with pytest.raises(mg.FormatError, match="zeros in rows 7 to 127 of wte"):
        load(file)


def test_a_file_that_shrinks_while_it_is_read(tmp_path):
    file = tmp_path / "m.bin"
    file.write_bytes(V3)
    source = open_model(file)
    file.write_bytes(V3[:2000])
    with pytest.raises(mg.FormatError, match=r"m\.bin"):
        build_model(source, "numpy")


def test_what_is_no_file(tmp_path):
    for path in (tmp_path, tmp_path / "none.bin"):
        with pytest.raises(mg.FormatError, match=r"there is no llm\.c model file"):
            open_model(path)


NUMBERS = st.one_of(st.integers(-3, 9), st.sampled_from([128, 2**15, 2**30, 2**31 - 1, -(2**31)]))
FUZZ = settings(deadline=None, max_examples=150)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "file.bin"


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


@FUZZ
@given(content=st.one_of(
    st.binary(max_size=3000),
    st.builds(lambda start, rest: start + rest, st.sampled_from([V3[:4], V3[:8], V3[:1024]]),
              st.binary(max_size=2000)),
))  # fmt: skip
def test_any_bytes_are_a_model_or_an_error(path, content):
    read_whatever(path, content, load)


@FUZZ
@given(version=st.sampled_from(VERSIONS), numbers=st.dictionaries(
    st.sampled_from(["magic", "version", "T", "V", "L", "H", "C", "rows"]), NUMBERS, max_size=4,
), cut=st.sampled_from([0, 0, 0, 1, 4, 1000]), more=st.binary(max_size=5))  # fmt: skip
def test_any_header_is_a_model_or_an_error(path, version, numbers, cut, more):
    content = changed(GOOD[version], **numbers)
    content = content[: len(content) - cut] + more
    model = read_whatever(path, content, load)
    if not numbers and content == GOOD[version]:
        assert model is not None
    if model is not None and version == 1:
        assert 4 * model.parameter_count() <= len(content)


@FUZZ
@given(version=st.sampled_from([1, 2, 3]), number=NUMBERS, end=NUMBERS,
       content=st.binary(max_size=300))  # fmt: skip
def test_any_tokenizer_is_tokens_or_an_error(path, version, number, end, content):
    content = header(20240328, version, number, end) + content
    found = read_whatever(path, content, read_tokenizer)
    if found is not None:
        assert len(found.tokens) == number
        assert sum(map(len, found.tokens)) + number == len(content) - 1024

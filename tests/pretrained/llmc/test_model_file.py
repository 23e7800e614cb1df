"""llm.c's model files: read to the last bit, and refused where they are wrong."""

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llmc_files import model_file, small_model
from llmc_models import FUZZ, NUMBERS, VERSIONS, assert_same_bits, bits, load, read_whatever
from peaks import PEAK

import microgpt as mg
from microgpt.pretrained.llmc.model_file import open_model
from microgpt.pretrained.llmc.model_writer import to_bfloat16, write_model
from microgpt.pretrained.weight_source import build_model


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


@pytest.mark.parametrize("version", VERSIONS)
def test_layout_is_that_of_a_file_written_by_hand(tmp_path, version):
    model, file = small_model(), tmp_path / "model.bin"
    if version == 5:
        for weight in model.parameters():  # numbers that bfloat16 holds
            weight.array[...] = np.round(weight.array * 64) / 64
    file.write_bytes(model_file(model, version))
    assert_same_bits(load(file), model)
    assert write_model(tmp_path / "again.bin", model, version).read_bytes() == file.read_bytes()


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


@FUZZ
@given(content=st.one_of(
    st.binary(max_size=3000),
    st.builds(lambda start, rest: start + rest, st.sampled_from([V3[:4], V3[:8], V3[:1024]]),
              st.binary(max_size=2000)),
))  # fmt: skip
def test_any_bytes_are_a_model_or_an_error(scratch_file, content):
    read_whatever(scratch_file, content, load)


@FUZZ
@given(version=st.sampled_from(VERSIONS), numbers=st.dictionaries(
    st.sampled_from(["magic", "version", "T", "V", "L", "H", "C", "rows"]), NUMBERS, max_size=4,
), cut=st.sampled_from([0, 0, 0, 1, 4, 1000]), more=st.binary(max_size=5))  # fmt: skip
def test_any_header_is_a_model_or_an_error(scratch_file, version, numbers, cut, more):
    content = changed(GOOD[version], **numbers)
    content = content[: len(content) - cut] + more
    model = read_whatever(scratch_file, content, load)
    if not numbers and content == GOOD[version]:
        assert model is not None
    if model is not None and version == 1:
        assert 4 * model.parameter_count() <= len(content)

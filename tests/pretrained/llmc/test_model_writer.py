"""Writing llm.c's model files: round trips, bfloat16, padding, full disks."""

import os

import numpy as np
import pytest
from llmc_files import SMALL, small_model
from llmc_models import Tokens, assert_same_bits, load

import microgpt as mg
from microgpt.backends.bfloat16 import to_bfloat16
from microgpt.pretrained.llmc.model_writer import pad_vocab_size, write_model
from microgpt.pretrained.llmc.tokenizer_file import write_tokenizer


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


@pytest.mark.parametrize(
    ("vocab_size", "padded"),
    [(1, 128), (127, 128), (128, 128), (129, 256), (256, 256), (50257, 50304)],
)
def test_the_vocabulary_is_padded_to_a_multiple_of_128(vocab_size, padded):
    assert pad_vocab_size(vocab_size) == padded


def test_a_vocabulary_of_whole_rows_is_not_padded(tmp_path):
    config = mg.GPTConfig.preset(
        "gpt2-124M", vocab_size=256, block_size=2, n_layer=1, n_head=1, n_embd=2
    )
    model = small_model(config=config)
    file = write_model(tmp_path / "m.bin", model, version=3)
    assert np.frombuffer(file.read_bytes(), "<i4", 8)[7] == 256
    assert_same_bits(load(file), model)


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

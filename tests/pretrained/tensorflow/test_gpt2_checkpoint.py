"""OpenAI's GPT-2: equal arrays, several files."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from random_gpt2 import SMALL, load, random_model, require_equal
from tensorflow_files import field, label, write

from microgpt.errors import FormatError


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
        theirs = expected[label(name).replace("/", "|")]
        np.testing.assert_array_equal(array, theirs[0].T if theirs.ndim == 3 else theirs)
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

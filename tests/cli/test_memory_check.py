"""What does not fit into memory is refused before anything is allocated."""

import os

import pytest

from microgpt.cli import main, memory_check
from microgpt.config import GPTConfig, TrainConfig
from microgpt.errors import (
    SettingError,
)
from microgpt.models.gpt import GPT

GIB = 1 << 30


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--n-layer", "1000000000"], "parameters, which takes"),
        (["--n-layer", "1000000", "--n-embd", "1", "--n-head", "1"], "parameters, which takes"),
        (["--n-embd", "1000000"], "12,000,070,000,000 parameters, which takes 175 TiB or more"),
        (["--block-size", "10000000000"], "--n-embd, --n-layer and --block-size must be smaller"),
        (["--batch-size", "1000000000"], "a batch of 1,000,000,000, which takes"),
        (
            ["--corpus", "story", "--format", "text", "--batch-size", "100000000"],
            "a batch of 100,0",
        ),
    ],
)
def test_what_does_not_fit_is_refused_at_once(options, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(memory_check, "available_memory", lambda: 10 * GIB)
    assert main(["train", "--backend", "numpy", "--steps", "1", *options]) == 1
    said = capsys.readouterr()
    assert message in said.err
    assert "smaller, to train in the 10 GiB of memory available; got a" in said.err
    assert said.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_a_model_that_fits_is_not_refused(monkeypatch):
    shape, config = GPTConfig.preset("gpt2-124M"), TrainConfig()
    need = 16 * memory_check.parameter_count(shape)
    monkeypatch.setattr(memory_check, "available_memory", lambda: 2 * need)
    memory_check.check_fits_memory(shape, config, 2)
    monkeypatch.setattr(memory_check, "available_memory", lambda: need)
    with pytest.raises(SettingError, match=r"124,439,808 parameters, which takes 1\.85 GiB"):
        memory_check.check_fits_memory(shape, config, 2)


@pytest.mark.parametrize(("row_tokens", "block_size"), [(2, 100_000), (100_000, 2), (2, 2)])
def test_a_row_is_as_short_as_its_text_and_the_block(monkeypatch, row_tokens, block_size):
    """The estimate is a lower bound: a long block does not lengthen a short text."""
    config = GPTConfig(block_size=block_size)
    batch = TrainConfig(batch_size=1000)
    need = 16 * memory_check.parameter_count(config) + memory_check.LAYER_BYTES
    need += 4 * 1000 * 2 * (config.vocab_size + config.n_embd)
    monkeypatch.setattr(memory_check, "available_memory", lambda: need)
    memory_check.check_fits_memory(config, batch, row_tokens)
    monkeypatch.setattr(memory_check, "available_memory", lambda: need - 1)
    with pytest.raises(SettingError, match="a batch of 1,000, which takes"):
        memory_check.check_fits_memory(config, batch, row_tokens)


@pytest.mark.parametrize("preset", ["microgpt", "gpt2-small-char", "char"])
def test_parameters_are_counted_without_a_model(preset):
    shape = GPTConfig.preset(preset)
    assert memory_check.parameter_count(shape) == sum(p.size for p in GPT(shape).parameters())

"""`microgpt sample --weights`: the note has true numbers, and the texts are that model's."""

import re
from dataclasses import replace

import numpy as np
import pytest
from random_gpt2 import random_model

import microgpt as mg
from microgpt.cli import held_out_text, main
from microgpt.cli.weights_option import with_weights
from microgpt.training.evaluation import evaluate_loss

NOTE = (
    r"microgpt: (\w+) weights: (\S+ \w+) in place of (\S+ \w+); loss on (.+): "
    r"([0-9.]+) in place of ([0-9.]+) nats a token \(([0-9,]+) tokens\)\n"
)


def note_of(text):
    match = re.fullmatch(NOTE, text)
    assert match is not None, text
    return match.groups()


@pytest.mark.parametrize("weights", ["bf16", "int8"])
def test_the_note_and_the_texts(weights, capsys):
    assert main(["sample", "names", "--weights", weights, "--temperature", "0"]) == 0
    said = capsys.readouterr()
    *sizes, label, new, old, count = note_of(said.err)
    checkpoint = mg.load_pretrained("names")
    quantized = mg.quantize(checkpoint.model, weights)
    assert said.out.splitlines() == list(
        mg.generate_text(quantized, checkpoint.tokenizer, 1, temperature=0)
    )
    assert sizes[0] == weights
    assert sizes[2] == "16.4 KiB"  # 4,192 numbers
    assert label == "the held-out part of names-mini"
    text = held_out_text.held_out_text(checkpoint)
    for model, loss in ((quantized, new), (checkpoint.model, old)):
        evaluation = evaluate_loss(model, text.batches, cancelled=lambda: False)
        assert f"{evaluation.loss:.4f}" == loss
        assert f"{evaluation.tokens:,}" == count
    assert new != old


def test_float32_is_the_default_and_says_nothing(capsys):
    assert main(["sample", "names", "--weights", "float32", "-n", "2"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert main(["sample", "names", "-n", "2"]) == 0
    assert capsys.readouterr() == said


def test_other_weights_are_refused(capsys):
    with pytest.raises(SystemExit):
        main(["sample", "names", "--weights", "int4"])
    assert "bf16" in capsys.readouterr().err


def test_a_run_of_ones_own_is_measured_on_what_it_held_out(tmp_path, capsys):
    story = tmp_path / "tale.txt"
    story.write_text("the cat sat on the mat. " * 40 + "a dog dug. " * 40)
    command = ["train", "--corpus", str(story), "--format", "text", "--preset", "char",
               "--n-embd", "16", "--steps", "3", "--out", str(tmp_path / "run")]  # fmt: skip
    assert main(command) == 0
    capsys.readouterr()
    sample = ["sample", str(tmp_path / "run"), "--weights", "int8", "--max-new-tokens", "2"]
    assert main(sample) == 0
    assert note_of(capsys.readouterr().err)[3] == "the held-out part of tale.txt"
    checkpoint = mg.load_pretrained(tmp_path / "run")
    tokens = np.concatenate([b[0].ravel() for b in held_out_text.held_out_text(checkpoint).batches])
    assert "cat" not in checkpoint.tokenizer.decode(tokens.tolist())  # only of the end

    story.unlink()  # nothing is known any more, and no text inside has only these letters
    assert main(sample) == 0
    assert "the loss was not measured" in capsys.readouterr().err


def test_what_a_checkpoint_does_not_tell_is_measured_on_a_bundled_text():
    names = mg.load_pretrained("names")
    for metadata, label in [
        ({}, "the bundled names-mini"),
        ({"corpus": "names-mini", "val_fraction": 0.0},
         "the bundled names-mini, which the model trained on"),
        ({"corpus": "mine.txt", "val_fraction": 0.2}, "the bundled names-mini"),
        ({"corpus": "names", "source": "names", "val_fraction": 0.2}, "the held-out part of names"),
    ]:  # fmt: skip
        text = held_out_text.held_out_text(replace(names, metadata=metadata))
        assert text.label == label
    assert held_out_text.held_out_text(replace(names, tokenizer=None)) is None


def test_of_shards_the_validation_part_is_read(tmp_path):
    names = mg.load_pretrained("names")
    for part, id in (("train", 1), ("val", 7)):
        np.save(tmp_path / f"{part}.npy", np.full(2000, id, np.uint16))
    checkpoint = replace(names, metadata={"source": str(tmp_path), "val_fraction": 0.0})
    text = held_out_text.held_out_text(checkpoint)
    assert text.label == f"the held-out part of {tmp_path.name}"
    assert {int(id) for tokens, _ in text.batches for id in tokens.flat} == {7}
    (tmp_path / "val.npy").unlink()
    assert held_out_text.held_out_text(checkpoint).label == "the bundled names-mini"


def test_nothing_is_downloaded(cache, monkeypatch):
    from microgpt._io import downloads

    monkeypatch.setattr(downloads, "_download", lambda *_: pytest.fail("it went to the network"))
    names = replace(mg.load_pretrained("names"), metadata={"source": "names", "val_fraction": 0.2})
    assert held_out_text.held_out_text(names).label == "the bundled names-mini"


def test_a_large_model_reads_few_tokens(monkeypatch):
    names = mg.load_pretrained("names")
    monkeypatch.setattr(type(names.model), "parameter_count", lambda self: 124_000_000)
    rows = held_out_text.held_out_text(names).batches
    assert 64 <= sum((targets >= 0).sum() for _, targets in rows) <= 160


def test_a_model_without_tokenizer_is_not_measured(capsys):
    model = random_model()
    checkpoint = with_weights(replace(mg.load_pretrained("names"), model=model, tokenizer=None),
                              "bf16")  # fmt: skip
    assert type(checkpoint.model) is mg.models.QuantizedGPT
    assert "the loss was not measured" in capsys.readouterr().err

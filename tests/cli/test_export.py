"""`microgpt export`."""

from dataclasses import replace

from huggingface_files import byte_pairs
from random_gpt2 import SMALL, load, random_model, require_equal

import microgpt as mg
from microgpt.cli.main import main


def test_a_model_that_is_no_gpt2_is_not_half_exported(tmp_path, capsys):
    assert main(["export", "names", str(tmp_path / "out"), "--backend", "numpy"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("microgpt: norm, activation, ")
    assert "as in GPT-2, to be written for other programs; got norm rmsnorm, " in said.err
    assert "`microgpt train --preset gpt2-small` trains such a model" in said.err
    assert said.err.count("\n") == 1


def test_export(tmp_path, capsys):
    tokenizer = byte_pairs()
    model = random_model(replace(SMALL, vocab_size=tokenizer.vocab_size))
    mg.save(tmp_path / "run", model, tokenizer)
    weight_map = {"huggingface": tmp_path / "hf", "llmc": tmp_path / "c" / "small.bin"}
    for format, path in weight_map.items():
        command = ["export", str(tmp_path / "run"), str(path), "--format", format]
        assert main([*command, "--backend", "numpy"]) == 0
        output = capsys.readouterr()
        assert f"saved: {path}" in output.out
        assert output.err == ""
        require_equal(model, load(path))
    assert (tmp_path / "c" / "gpt2_tokenizer.bin").is_file()
    require_equal(model, load(tmp_path / "c"))
    assert main(["export", "names", str(tmp_path / "x"), "--backend", "numpy"]) == 1
    assert "tie_weights and bias must be" in capsys.readouterr().err
    letters = mg.GPT(SMALL, backend="numpy")
    mg.save(tmp_path / "letters", letters, mg.tokenizers.CharTokenizer("abcdefghij"))
    bare = ["export", str(tmp_path / "run"), str(tmp_path / "bare"), "--no-tokenizer"]
    assert main([*bare, "--backend", "numpy"]) == 0
    assert capsys.readouterr().err == ""
    assert sorted(path.name for path in (tmp_path / "bare").iterdir()) == [
        "config.json", "model.safetensors",
    ]  # fmt: skip
    command = ["export", str(tmp_path / "letters"), str(tmp_path / "y"), "--backend", "numpy"]
    assert main(command) == 0
    assert "note: a CharTokenizer has no file" in capsys.readouterr().err

"""`microgpt export`."""

from microgpt.cli import main


def test_a_model_that_is_no_gpt2_is_not_half_exported(tmp_path, capsys):
    assert main(["export", "names", str(tmp_path / "out"), "--backend", "numpy"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("microgpt: norm, activation, ")
    assert "as in GPT-2, to be written for other programs; got norm rmsnorm, " in said.err
    assert "`microgpt train --preset gpt2-small` trains such a model" in said.err
    assert said.err.count("\n") == 1

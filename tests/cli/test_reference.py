"""`microgpt reference`: the recipe's losses."""

from microgpt.cli import main


def test_reference(data, monkeypatch, capsys):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    assert main(["reference", "--steps", "3"]) == 0
    assert "step    0  loss 3.36596694758485" in capsys.readouterr().out
    assert main(["reference", "--steps", "3", "--engine", "value"]) == 0
    assert "step    1  loss 3.4242727838717717" in capsys.readouterr().out

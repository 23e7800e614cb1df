"""The options of `microgpt train`."""

import pytest

from microgpt.cli import main


def test_the_help_is_in_groups(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = capsys.readouterr().out
    for group in (
        "data",
        "model (in place",
        "optimization (in place",
        "evaluation and samples",
        "files",
    ):
        assert f"\n{group}" in text

"""`microgpt bench`: a short run from end to end, and wrong options."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from microgpt.benchmark import parity_check
from microgpt.cli import main

WRONG = [
    (["--workloads", "recipe,poems"], "--workloads must be one of recipe, batch, "),
    (["--implementations", "abacus"], "--implementations must be one of value, tape, "),
    (["--peers", "theano"], "--peers must be one of torch, jax; got theano"),
    (["--peers", "torch", "--peer-python", "/nowhere/python"], "/nowhere/python is not a Python"),
    (["--rounds", "0"], "--rounds must be a positive integer; got 0"),
    (
        ["--workloads", "char", "--implementations", "value"],
        "--implementations must be among those of the chosen --workloads",
    ),
    (["--backend", "numpy"], "choose among them with --implementations"),
    (["--isa", "sse"], "--isa must be"),
    (["--check"], "--peers must be given with --check; name some"),
    (["--check", "--peers", "jax", "--peer-python", "/nowhere/python"], "cannot be started"),
    (["--json", "."], ". is a folder; name a file"),
    (["--workloads", "scaling", "--svg", "x.svg"], "--svg must be left out, since scaling has no"),
    (
        ["--corpus", "nmaes", "--workloads", "recipe"],
        "--corpus must be a text file, or one of names-mini",
    ),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=lambda part: str(part)[:30])
def test_wrong_input_is_one_sentence(options, message, capsys):
    assert main(["bench", *options]) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("microgpt: ")
    assert message in error
    assert "\n" not in error


INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("losses", "status"),
    [
        ([(2.5, 2.5)], 0),
        ([(2.5, 2.5002), (2.5, 2.4998)], 0),
        ([(2.5, 2.5), (2.5, 2.501)], 1),
        ([(2.5, 2.501), (2.5, 2.5)], 1),  # a later equal loss mends nothing
        ([(INF, 2.5)], 1),
        ([(2.5, INF)], 1),
        ([(NAN, NAN)], 1),
    ],
)
def test_the_check_fails_if_any_loss_differs(losses, status, monkeypatch, capsys):
    compared = [(f"torch {i}", ours, theirs) for i, (ours, theirs) in enumerate(losses)]
    monkeypatch.setattr(parity_check, "compare_losses", lambda *_: iter(compared))
    assert main(["bench", "--check", "--peers", "torch"]) == status
    lines = capsys.readouterr().out.splitlines()
    assert any("NOT equal to 0.0001" in line for line in lines) is bool(status)


def test_a_run_from_end_to_end(tmp_path, capsys):
    json_file, svg_file = tmp_path / "made" / "b.json", tmp_path / "b.svg"
    command = [
        "bench", "--workloads", "recipe", "--quick", "--corpus", "names-mini", "--rounds", "2",
        "--implementations", "value,numpy,replayed", "--targets", "--json", str(json_file),
        "--svg", str(svg_file),
    ]  # fmt: skip
    assert main(command) == 0
    text = capsys.readouterr().out
    assert "not measured: " not in text.partition("Targets.")[0]
    assert "× as fast as Value." in text
    recipe = json.loads(json_file.read_text("utf-8"))["workloads"]["recipe"]["implementations"]
    by_name = {item["implementation"]: item for item in recipe}
    assert by_name["value"]["median"] > by_name["replayed"]["median"] > 0
    assert by_name["value"]["best"] <= by_name["value"]["median"]
    assert by_name["replayed"]["metadata"]["numba"]
    assert {len(item["block_medians"]) for item in recipe} == {2}
    assert ElementTree.parse(svg_file).getroot().tag.endswith("svg")
    assert not list(tmp_path.glob(".*"))

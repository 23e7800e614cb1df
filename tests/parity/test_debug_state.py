"""`check_state`: every tensor of llm.c's debug states, and states that are wrong."""

import json

import numpy as np
import pytest
from llmc_files import SMALL, header, model_file, small_model, state_file
from parity_models import MODELS, TARGETS, TOKENS

import microgpt as mg
from microgpt.cli import main
from microgpt.parity.debug_state import check_state
from microgpt.pretrained.llmc.debug_state import read_state
from microgpt.pretrained.llmc.model_writer import write_model


def damaged(path, index, value=1.0):
    """The file with one more in one of its float32 numbers."""
    content = np.frombuffer(path.read_bytes(), "<f4").copy()
    content[index] += value
    path.write_bytes(content.tobytes())


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_the_original_states_are_ours(backend, fixtures, name, version):
    folder = fixtures / "llmc"
    report = check_state(folder / name, folder / f"tiny_debug_state_v{version}.bin")
    assert report.passed
    assert len(report.checks) == 30
    assert report.details["bfloat16"] == ("bf16" in name)
    worst = max(check.relative_diff for check in report.checks)
    assert 1e-3 < worst < 2e-2 if report.details["bfloat16"] else worst < 5e-6
    assert ("8 bits" in str(report)) == report.details["bfloat16"]


def test_check_state_has_a_line_for_each_tensor(backend, pair, capsys):
    assert main(["check-state", *map(str, pair), "--backend", backend]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = ["logits", "loss", *(f"gradient of {name}" for name in SMALL.parameter_shapes())]
    assert [line[6:].rsplit(None, 2)[0] for line in lines[1:-2]] == names
    assert all(line.startswith("PASS  ") for line in lines[1:-2])
    allowed = 1e-4 * max(1, np.abs(read_state(pair[1], SMALL).logits).max())
    assert lines[-2].startswith(
        f"allowed: {allowed:.3g} for logits (0.0001 · max(1, the largest logit)) and 0.0001 for "
        "loss (at the largest difference), 0.0002 for gradients"
    )
    assert lines[-1] == f"PASS: 30 of 30 tensors agree with {pair[1]}"


def test_one_wrong_gradient_fails_its_line_alone(pair, capsys):
    damaged(pair[1], -1, 0.01)  # the last number of ln_f.bias
    assert main(["check-state", *map(str, pair), "--backend", "numpy"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("FAIL")] == [
        *(line for line in lines if "  gradient of ln_f.bias " in line),
        f"FAIL: 29 of 30 tensors agree with {pair[1]}",
    ]
    assert lines[-2].startswith("first difference: gradient of ln_f.bias (max abs 0.01, relative")
    assert main(["check-state", *map(str, pair), "--gradient-tolerance", "0.5"]) == 0


@pytest.mark.parametrize("value", [0.01, float("nan")])
def test_wrong_logits_fail_and_json_says_so(pair, capsys, value):
    damaged(pair[1], 256 + 20, value)  # the first logit
    assert main(["check-state", *map(str, pair), "--backend", "numpy", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [line["name"] for line in found["tensors"] if not line["passed"]] == ["logits"]
    largest = found["tensors"][0]["max_abs_diff"]
    assert largest is None if np.isnan(value) else largest == pytest.approx(0.01, rel=1e-3)
    assert not found["passed"]
    assert found["tensors"][1]["tolerance"] == 1e-4
    assert [row["in_norm"] for row in found["tensors"]] == [False, False, *[True] * 28]
    assert main(["check-state", *map(str, pair), "--tolerance", "0.1"]) == int(np.isnan(value))


@pytest.mark.parametrize(("share", "passed"), [(0.5e-4, True), (2e-4, False)])
def test_large_logits_may_be_off_by_more_but_no_loss(pair, share, passed):
    model = small_model()
    model.ln_f.weight.array *= 40
    pair[0].write_bytes(model_file(model, 3))
    pair[1].write_bytes(state_file(model, 2, TOKENS, TARGETS))
    logits = read_state(pair[1], SMALL).logits
    largest = float(np.abs(logits).max())
    assert largest > 20
    damaged(pair[1], 256 + 20, share * largest)
    report = check_state(*pair, backend="numpy")
    failed = [check.name for check in report.checks if not check.passed]
    assert failed == ([] if passed else ["logits"])
    assert report["logits"].tolerance == pytest.approx(1e-4 * largest)
    assert json.loads(report.to_json())["tensors"][0]["tolerance"] == report["logits"].tolerance
    damaged(pair[1], 256 + 20 + logits.size, 2e-4)
    assert not check_state(*pair, backend="numpy")["loss"].passed


def test_a_wrong_weight_fails_even_what_bfloat16_allows(pair):
    model = small_model()
    for weight in model.parameters():
        weight.array[...] *= 0.4  # near what trained weights are
    pair[1].write_bytes(state_file(model, 2, TOKENS, TARGETS))
    write_model(pair[0], model, version=5)
    assert check_state(*pair, backend="numpy").passed
    model.h[1].attn.c_proj.weight.array[0, 0] += 0.2
    write_model(pair[0], model, version=5)
    assert not check_state(*pair, backend="numpy").passed


WRONG_STATES = {
    "cut": (lambda content: content[:-4], "does not fit the model"),
    "surplus": (lambda content: content + b"\0", "does not fit the model"),
    "header only": (lambda content: content[:1024], "does not fit the model"),
    "short": (lambda content: content[:99], "header of 1,024 bytes; found 99"),
    "a model": (lambda content: model_file(small_model(), 3), "says that it is a model"),
    "no batch": (lambda content: header(20240327, 2, 0, 5), "found 0 × 5"),
    "huge": (lambda content: header(20240327, 2, 2**31 - 1, 2**31 - 1) + content[1024:],
             "does not fit the model"),
    "version": (lambda content: header(20240327, 3, 2, 5) + content[1024:], "known: 1, 2"),
    "token": (lambda content: content[:1024] + b"\x07" + content[1025:], "tokens from 0 to 6"),
    "target": (lambda content: content[:1067] + b"\xff" + content[1068:], "targets from -1 to 6"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_STATES)
def test_a_wrong_state_is_one_sentence(pair, capsys, case):
    change, message = WRONG_STATES[case]
    pair[1].write_bytes(change(pair[1].read_bytes()))
    assert main(["check-state", *map(str, pair), "--backend", "numpy"]) == 1
    output = capsys.readouterr().err.strip()
    assert output.startswith(f"microgpt: {pair[1]} ")
    assert message in output
    assert "\n" not in output


def test_a_state_of_another_model_is_refused(pair, capsys):
    config = mg.GPTConfig.preset(
        "gpt2-124M", vocab_size=7, block_size=5, n_layer=3, n_head=2, n_embd=4
    )
    pair[0].write_bytes(model_file(small_model(config=config), 3))
    assert main(["check-state", *map(str, pair)]) == 1
    assert "or another model made it" in capsys.readouterr().err
    for wrong in ("nan", "-1"):
        assert main(["check-state", *map(str, pair), "--tolerance", wrong]) == 1
        assert "tolerance must be at least 0" in capsys.readouterr().err

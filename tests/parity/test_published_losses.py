"""Published losses, reproduced step by step."""

import json

import numpy as np
import pytest
from llmc_files import SMALL, small_model
from parity_models import MODELS, TARGETS, TOKENS

import microgpt as mg
from microgpt.cli import main
from microgpt.cli.reproduce import _first_tokens
from microgpt.data import write_shard
from microgpt.parity.published_losses import (
    GPT2_RECIPE,
    Recipe,
    StepLoss,
    check_steps,
    first_batch,
    read_recipe,
    report_losses,
    reproduce_losses,
)
from microgpt.pretrained.llmc.debug_state import read_batch
from microgpt.pretrained.llmc.model_file import open_model
from microgpt.pretrained.weight_source import build_model


def test_ten_losses_are_reproduced(backend, fixtures):
    folder = fixtures / "llmc"
    recipe = read_recipe(folder / "tiny_trace.json")
    tokens, targets = read_batch(folder / "tiny_debug_state_v2.bin")
    for name in MODELS[:2]:
        model = build_model(open_model(folder / name))
        step_losses = list(reproduce_losses(model, tokens, targets, recipe))
        assert [step_loss.step for step_loss in step_losses] == list(range(10))
        report = report_losses(step_losses)
        assert max(check.max_abs_diff for check in report.checks) < 1e-5
        assert report.passed
    rounded = build_model(open_model(folder / MODELS[2]))
    report = report_losses(reproduce_losses(rounded, tokens, targets, recipe))
    assert 1e-5 < max(check.max_abs_diff for check in report.checks) < 1e-2


@pytest.fixture
def trace(pair):
    """A recipe in JSON for the small model, with the losses of a run in float64."""
    path, model = pair[0].with_name("trace.json"), small_model()
    exact = mg.GPT(SMALL, dtype="float64", backend="numpy")
    exact.load_state_dict(model.state_dict())
    optimizer = mg.AdamW(exact, lr=0.01, betas=(0.8, 0.9), weight_decay=0.5)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = exact.loss(TOKENS, TARGETS)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    rule = {"name": "AdamW", "lr": 0.01, "betas": [0.8, 0.9], "weight_decay": 0.5}
    written = {"batch_size": 2, "seq_len": 5, "optimizer": rule, "losses_float32": losses,
               "config": {"n_embd": 4}}  # fmt: skip
    path.write_text(json.dumps(written))
    return path


def test_reproduce_says_what_it_found(backend, pair, trace, capsys):
    command = ["reproduce", str(trace), "--weights", str(pair[0]), "--tokens", str(pair[1]),
               "--backend", backend]  # fmt: skip
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"2 × 5 tokens from {pair[1]}, the same every step" in lines
    expected = json.loads(trace.read_text())["losses_float32"]
    for step, line in enumerate(lines[3:7]):
        words = line.split()
        assert words[:2] == ["PASS", str(step)]
        assert float(words[3]) == pytest.approx(expected[step], abs=1e-6)
        assert float(words[2]) == pytest.approx(expected[step], abs=1e-5)
        assert float(words[4]) < 1e-5
    assert lines[7:] == ["allowed: 0.01", "PASS: 4 of 4 tensors agree with the published losses"]
    written = json.loads(trace.read_text())
    written["losses_float32"][1] += 0.02
    trace.write_text(json.dumps(written))
    assert main([*command, "--steps", "2"]) == 1
    output = capsys.readouterr().out
    assert "FAIL     1  " in output
    assert "FAIL: 1 of 2 tensors agree with the published losses" in output


@pytest.mark.parametrize(("token", "fits"), [(6, True), (7, False)])
@pytest.mark.parametrize("changed", ["tokens", "targets"])
def test_tokens_are_below_the_vocabulary(changed, token, fits):
    batch = {"tokens": np.array(TOKENS), "targets": np.array(TARGETS)}
    batch[changed][0, 0] = token
    recipe = Recipe((0.0,), 2, 5, 0.1)
    if fits:
        assert len(list(reproduce_losses(small_model(), **batch, recipe=recipe))) == 1
    else:
        with pytest.raises(mg.SettingError, match=r"tokens must be below the model's 7; got 7"):
            reproduce_losses(small_model(), **batch, recipe=recipe)


@pytest.mark.parametrize(("steps", "expected"), [(None, 3), (1, 1), (3, 3), (4, None), (0, None)])
def test_steps_up_to_the_losses_that_are_known(steps, expected):
    recipe = Recipe((0.0,) * 3, 2, 5, 0.1)
    if expected is None:
        with pytest.raises(mg.SettingError, match="steps must be"):
            check_steps(recipe, steps)
    else:
        assert check_steps(recipe, steps) == expected


def test_a_loss_counts_as_reproduced_within_a_hundredth():
    def passes(difference):
        return report_losses([StepLoss(0, 5.0 + difference, 5.0)]).passed

    assert [passes(d) for d in (0.0, 0.0099, -0.0099, 0.0101, -0.0101, np.nan)] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_every_tensor_shrinks_if_the_recipe_says_so():
    model, recipe = small_model(), Recipe((0.0, 0.0), 2, 5, 0.1, weight_decay=0.5)
    ln_f = model.ln_f.weight.array.copy()
    moved = {}
    for decay in ("matrices", "every tensor"):
        model = small_model()
        model.ln_f.weight.array[...] = ln_f
        list(
            reproduce_losses(
                model, TOKENS, TARGETS, Recipe(**{**vars(recipe), "decay": decay}), steps=1
            )
        )
        moved[decay] = model.ln_f.weight.array - ln_f
    extra = moved["every tensor"] - moved["matrices"]
    np.testing.assert_allclose(extra, -0.1 * 0.5 * ln_f, atol=1e-6)


def test_the_batch_is_the_first_tokens_and_what_follows():
    recipe = Recipe((1.0,), 2, 3, 0.1)
    tokens, targets = first_batch(np.arange(100, dtype=np.uint16), recipe)
    assert tokens.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert targets.tolist() == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(
        mg.SettingError, match="tokens must be at least 7 for a batch of 2 × 3; got 6"
    ):
        first_batch(range(6), recipe)


def test_gpt2_s_run_is_the_published_one():
    assert (
        GPT2_RECIPE.batch_size,
        GPT2_RECIPE.seq_len,
        GPT2_RECIPE.lr,
        GPT2_RECIPE.weight_decay,
    ) == (4, 64, 1e-4, 0.0)
    assert len(GPT2_RECIPE.losses) == 10
    assert GPT2_RECIPE.sizes == {
        **{"vocab_size": 50257, "block_size": 1024, "n_layer": 12, "n_head": 12, "n_embd": 768}
    }
    assert (GPT2_RECIPE.losses[0], GPT2_RECIPE.losses[-1]) == (
        5.269998550415039,
        0.37664344906806946,
    )


def test_gpt2_s_run_takes_tokens_from_a_shard_or_a_corpus(
    fixtures, data, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    tokens = _first_tokens("tinyshakespeare", GPT2_RECIPE)
    assert len(tokens) >= 257
    assert tokens[0] == 50256
    shard = tmp_path / "val.bin"
    write_shard(shard, [np.array(tokens)])
    model = str(fixtures / "llmc" / "tiny_v3.bin")
    for batch in (["--tokens", str(shard)], ["--corpus", "tinyshakespeare"], []):
        assert main(["reproduce", "gpt2", "--weights", model, *batch, "--backend", "numpy"]) == 1
        output = capsys.readouterr().err
        assert "vocab_size must be 50257, as for the expected losses; got 300" in output


WRONG_RECIPES = [
    ("no JSON", "is not JSON that can be read"),
    ("[]", "must be a JSON object; got list"),
    ("[" * 100_000, "nested too deeply"),
    (" " * (2 << 20), "JSON of at most"),
    ('{"seq_len": 5, "seq_len": 5}', "comes twice"),
    ({"losses_float32": [10**400]}, "a setting must be finite; got 1000"),
    ({"optimizer": {"name": "AdamW", "lr": float("nan")}}, "a setting must be finite; got nan"),
    ({"optimizer": {"name": "AdamW", "lr": 1, "eps": -float("inf")}}, "must be finite; got -inf"),
    ("{}", "no entry 'optimizer'"),
    ({"losses_float32": []}, "one loss or more"),
    ({"losses_float32": ["1"]}, "must be a number; got '1'"),
    ({"batch_size": 0}, "batch_size must be a positive integer"),
    ({"optimizer": {"name": "SGD", "lr": 1}}, "must be 'AdamW'; got 'SGD'"),
    ({"optimizer": {"name": "AdamW", "lr": 1, "decay": "none"}}, "'matrices' or 'every tensor'"),
    ({"optimizer": {"name": "AdamW", "lr": 1, "betas": 1}}, "not a recipe"),
    ({"config": {"dropout": 1}}, "config may have"),
    ({"config": {"n_embd": 5}}, "n_embd must be 5, as for the expected losses; got 4"),
    ({"seq_len": 4}, "tokens and targets of shape (2, 4), as for the expected losses; got (2, 5)"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG_RECIPES)
def test_a_wrong_recipe_is_one_sentence(pair, trace, capsys, changes, message):
    if isinstance(changes, dict):
        changes = json.dumps(json.loads(trace.read_text()) | changes)
    trace.write_text(changes)
    command = ["reproduce", str(trace), "--weights", str(pair[0]), "--tokens", str(pair[1])]
    assert main([*command, "--backend", "numpy"]) == 1
    output = capsys.readouterr().err.strip()
    assert message in output
    assert "\n" not in output


def test_wrong_options_of_reproduce(pair, trace, tmp_path, capsys):
    command = ["reproduce", str(trace), "--weights", str(pair[0]), "--tokens", str(pair[1])]
    for steps in ("0", "5"):
        assert main([*command, "--steps", steps]) == 1
        assert "steps must be" in capsys.readouterr().err
    assert main(["reproduce", "gpt3", *command[2:]]) == 1
    assert "there is no recipe at gpt3" in capsys.readouterr().err


def test_what_cannot_be_reproduced_is_said_before_anything_is_trained():
    model = mg.GPT(mg.GPTConfig.preset("gpt2-small-char", n_layer=1, n_embd=8), backend="numpy")
    recipe = Recipe(losses=(1.0, 2.0), batch_size=1, seq_len=2, lr=0.1)
    with pytest.raises(mg.SettingError, match="steps must be from 1 to the 2 losses"):
        reproduce_losses(model, [[0, 1]], [[1, 2]], recipe, 3)
    with pytest.raises(mg.SettingError, match="tokens must be below the model's 65; got 50256"):
        reproduce_losses(model, [[0, 50256]], [[1, 2]], recipe)

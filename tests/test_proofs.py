"""Proofs: a debug state's every tensor, ten published losses, the first layer that differs."""

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from llmc_files import SMALL, header, model_file, small_model, state_file
from safetensors.numpy import load_file
from test_gpt2 import TINY, renamed

import microgpt as mg
from microgpt.cli import main
from microgpt.cli.reproduce import _first_tokens
from microgpt.data import write_shard
from microgpt.parity.debug_state import check_state
from microgpt.parity.npz_reference import NpzReference
from microgpt.parity.published_losses import (
    GPT2_RECIPE,
    Recipe,
    first_batch,
    read_recipe,
    report_losses,
    reproduce_losses,
)
from microgpt.pretrained.llmc.debug_state import read_batch, read_state
from microgpt.pretrained.llmc.model_file import open_model
from microgpt.pretrained.llmc.model_writer import to_bfloat16, write_model
from microgpt.pretrained.weight_source import build_model

TOKENS = [[0, 3, 6, 2, 1], [5, 5, 4, 0, 2]]
TARGETS = [[3, 6, 2, 1, 4], [5, -1, 0, 2, 6]]
MODELS = ("tiny_v1.bin", "tiny_v3.bin", "tiny_v5_bf16.bin")


@pytest.fixture(autouse=True)
def restored():
    from microgpt import backends

    before = backends.current().name
    yield
    backends.use(before)


@pytest.fixture
def pair(tmp_path):
    """A small model's file and its debug state, both written by hand."""
    model, state = tmp_path / "model.bin", tmp_path / "state.bin"
    model.write_bytes(model_file(small_model(), 3))
    state.write_bytes(state_file(small_model(), 2, TOKENS, TARGETS))
    return model, state


def damaged(path, place, value=1.0):
    """The file with one more in one of its float32 numbers."""
    content = np.frombuffer(path.read_bytes(), "<f4").copy()
    content[place] += value
    path.write_bytes(content.tobytes())


# ------------------------------------------------------------------ check-state


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
    said = capsys.readouterr().err.strip()
    assert said.startswith(f"microgpt: {pair[1]} ")
    assert message in said
    assert "\n" not in said


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


@settings(deadline=None, max_examples=150)
@given(numbers=st.lists(st.sampled_from([0, 1, 2, 3, 5, -1, 2**31 - 1]), min_size=3, max_size=4),
       start=st.integers(0, 2000), rest=st.binary(max_size=40))  # fmt: skip
def test_any_bytes_are_a_state_or_an_error(tmp_path_factory, numbers, start, rest):
    good = state_file(small_model(), 2, [[0]], [[1]])
    content = header(20240327, *numbers) + good[1024 : 1024 + start] + rest
    content += good[len(content) :]
    path = tmp_path_factory.getbasetemp() / "any_state.bin"
    path.write_bytes(content)
    for read in (lambda: read_state(path, SMALL).logits.nbytes, lambda: read_batch(path)[0].nbytes):
        try:
            size = read()
        except mg.FormatError as error:
            refused = str(error)
        else:
            refused = str(path)
            assert size <= len(content)
        assert str(path) in refused


# ------------------------------------------------------------------ reproduce


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
    said = capsys.readouterr().out
    assert "FAIL     1  " in said
    assert "FAIL: 1 of 2 tensors agree with the published losses" in said


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
        said = capsys.readouterr().err
        assert "vocab_size must be 50257, as for the expected losses; got 300" in said


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
    said = capsys.readouterr().err.strip()
    assert message in said
    assert "\n" not in said


def test_wrong_options_of_reproduce(pair, trace, tmp_path, capsys):
    command = ["reproduce", str(trace), "--weights", str(pair[0]), "--tokens", str(pair[1])]
    for steps in ("0", "5"):
        assert main([*command, "--steps", steps]) == 1
        assert "steps must be" in capsys.readouterr().err
    assert main(["reproduce", "gpt3", *command[2:]]) == 1
    assert "there is no recipe at gpt3" in capsys.readouterr().err


# ------------------------------------------------------------------ compare


def layer_norm(x, weight, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias


def intermediates(w, tokens, n_layer, n_head):
    """A GPT-2 in plain NumPy, in float64, with every intermediate by name."""
    w = {name: array.astype(np.float64) for name, array in w.items()}
    found = {}
    x = found["embedding"] = w["wte.weight"][tokens] + w["wpe.weight"][: tokens.shape[1]]
    for h in (f"h.{layer}" for layer in range(n_layer)):

        def linear(x, name, h=h):
            return x @ w[f"{h}.{name}.weight"].T + w[f"{h}.{name}.bias"]

        normed = layer_norm(x, w[f"{h}.ln_1.weight"], w[f"{h}.ln_1.bias"])
        q, k, v = (
            np.stack(np.split(part, n_head, -1), 1)
            for part in np.split(linear(normed, "attn.c_attn"), 3, -1)
        )
        scores = q @ k.swapaxes(-1, -2)
        scores[..., ~np.tri(tokens.shape[1], dtype=bool)] = -np.inf
        weights = np.exp(scores / np.sqrt(q.shape[-1]))
        weights /= weights.sum(-1, keepdims=True)
        found[f"{h}.attn.scores"], found[f"{h}.attn.weights"] = scores, weights
        y = np.concatenate(list((weights @ v).swapaxes(0, 1)), -1)
        out = found[f"{h}.attn.out"] = linear(y, "attn.c_proj")
        x = x + out
        normed = layer_norm(x, w[f"{h}.ln_2.weight"], w[f"{h}.ln_2.bias"])
        z = found[f"{h}.mlp.c_fc"] = linear(normed, "mlp.c_fc")
        z = 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))
        found[f"{h}.mlp.hidden"] = z
        found[f"{h}.mlp.out"] = linear(z, "mlp.c_proj")
        x = found[f"{h}.out"] = x + found[f"{h}.mlp.out"]
    found["logits"] = layer_norm(x, w["ln_f.weight"], w["ln_f.bias"]) @ w["wte.weight"].T
    return found


def on(backend, seed=0):
    model = mg.GPT(SMALL, backend=backend)
    model.load_state_dict(small_model(seed).state_dict())
    return model


@pytest.fixture
def reference():
    tokens = np.array(TOKENS)
    return {"tokens": tokens, **intermediates(small_model().state_dict(), tokens, 2, 2)}


def test_every_intermediate_is_that_of_plain_numpy(backend, reference):
    found = mg.compare(on(backend), reference, tolerance=1e-5)
    assert found.passed
    assert found.first_failure is None
    assert [check.name for check in found.checks] == list(reference)[1:]
    assert not found.missing
    assert not found.unexpected
    assert max(check.relative_diff for check in found.checks) < 1e-5
    assert str(found).splitlines()[-1] == "PASS: 16 of 16 tensors agree with the reference"


PERTURBED = [
    ("wte.weight", (0, 0), "embedding"),
    ("h.1.ln_1.bias", (0,), "h.1.attn.scores"),
    ("h.1.attn.c_attn.weight", (0, 0), "h.1.attn.scores"),
    ("h.1.attn.c_attn.weight", (-1, 0), "h.1.attn.out"),  # a value's: scores and weights stay
    ("h.1.attn.c_proj.bias", (2,), "h.1.attn.out"),
    ("h.1.mlp.c_fc.weight", (3, 1), "h.1.mlp.c_fc"),
    ("h.1.mlp.c_proj.weight", (3, 1), "h.1.mlp.out"),
    ("ln_f.weight", (0,), "logits"),
]


@pytest.mark.parametrize(("name", "place", "first"), PERTURBED)
def test_one_wrong_weight_is_found_where_it_acts_first(backend, reference, name, place, first):
    model = on(backend)
    dict(model.named_parameters())[name].array[place] += 0.1
    found = mg.compare(model, reference)
    assert found.first_failure == first
    assert not found.passed
    lines = str(found).splitlines()
    assert lines[-2].startswith(f"first difference: {first} (max abs ")
    assert lines[-1].startswith("FAIL: ")
    failed = next(line for line in lines if line.startswith("FAIL"))
    assert failed.split()[1] == first


def test_activations_are_a_reference(tmp_path, backend):
    ours = mg.activations(on("numpy"), TOKENS)
    assert list(ours)[:2] == ["tokens", "embedding"]
    assert list(ours)[-1] == "logits"
    assert ours["h.1.attn.weights"].shape == (2, 2, 5, 5)
    np.testing.assert_allclose(ours["h.1.attn.weights"].sum(-1), 1, rtol=1e-5)
    model = on(backend)
    assert mg.compare(model, ours).passed
    assert mg.compare(model, on("numpy"), tokens=TOKENS).passed
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "ours.npz", **ours)
        assert mg.compare(model, tmp_path / "ours.npz").passed
        assert (
            mg.compare(on(backend, seed=1), str(tmp_path / "ours.npz")).first_failure == "embedding"
        )
    one = mg.activations(on("numpy"), TOKENS[0])
    assert one["tokens"].shape == (5,)
    assert one["logits"].shape == (5, 7)
    without_batch = {name: a[0] if a.shape[0] == 1 else a for name, a in one.items()}
    assert mg.compare(model, without_batch).passed


def test_hugging_face_s_logits_are_a_reference(backend, fixtures):
    folder = fixtures / "hf" / "tiny"
    model, expected = mg.GPT(TINY), np.load(folder / "expected.npz")
    model.load_state_dict(renamed(load_file(folder / "model.safetensors"), ""))
    found = mg.compare(model, {name: expected[name] for name in ("tokens", "logits")})
    assert found.passed
    assert found.missing[0] == "embedding"
    assert "not in the reference, so not compared: embedding, h.0.attn.scores" in str(found)
    all_of_it = mg.compare(model, folder / "expected.npz")  # loss and gradients are no activations
    assert all_of_it.first_failure is None
    assert not all_of_it.passed
    assert "grad:transformer.wte.weight" in all_of_it.unexpected


def test_bfloat16_weights_differ_from_the_start(fixtures):
    folder = fixtures / "llmc"
    float32, rounded = (build_model(open_model(folder / name), "numpy") for name in MODELS[1:])
    tokens = read_batch(folder / "tiny_debug_state_v1.bin")[0]
    assert mg.compare(rounded, float32, tokens).first_failure == "embedding"
    assert mg.compare(rounded, float32, tokens, tolerance=0.1).passed
    for parameter in float32.parameters():
        upper = to_bfloat16(parameter.array).astype(np.uint32) << 16
        parameter.array[...] = upper.view(np.float32)
    assert mg.compare(rounded, float32, tokens, tolerance=0).passed


def test_shapes_names_and_numbers_that_do_not_fit(reference):
    model = on("numpy")
    reference["h.0.mlp.out"] = reference["h.0.mlp.out"][:1]
    reference["h.0.mlp.c_fc_out"] = reference.pop("h.0.mlp.c_fc")
    found = mg.compare(model, reference)
    assert found.first_failure == "h.0.mlp.out"
    assert found.missing == ("h.0.mlp.c_fc",)
    assert found.unexpected == ("h.0.mlp.c_fc_out",)
    assert "h.0.mlp.out (shape (2, 5, 4), the reference has (1, 5, 4))" in str(found)
    assert "in the reference, but not in the model: h.0.mlp.c_fc_out" in str(found)
    for wrong in (np.nan, np.inf):
        reference["embedding"] = np.full((2, 5, 4), wrong)
        assert mg.compare(model, reference).first_failure == "embedding"
    reference["embedding"] = np.full((2, 5, 4), "a")
    assert "not numbers" in str(mg.compare(model, reference))


def test_what_compare_refuses(tmp_path, reference):
    model = on("numpy")
    for wrong, message in [
        ({"tokens": TOKENS, "x": 1}, r"must be named as the model's: embedding, .*; got tokens, x"),
        ({"embedding": 1}, "tokens must be an argument, or an array in"),
        (model, "tokens must be given to compare two models"),
        (3, "maps names to arrays"),
        (reference | {"tokens": [[0, 99]]}, "99"),
    ]:
        with pytest.raises(mg.MicrogptError, match=message):
            mg.compare(model, wrong)
    with pytest.raises(mg.SettingError, match="tolerance must be at least 0"):
        mg.compare(model, reference, tolerance=float("nan"))
    with pytest.raises(mg.SettingError, match="model must be a model, such as a GPT"):
        mg.activations(None, TOKENS)
    with pytest.raises(mg.FormatError, match=r"there is no \.npz file"):
        mg.compare(model, tmp_path / "none.npz")


def test_the_names_of_an_archive_cost_no_memory(tmp_path):
    archive = NpzReference(npz(tmp_path, tokens=np.array([[0, 99]]), large=np.zeros(2**21)))
    tracemalloc.start()
    try:
        assert "large" in archive
        assert "other" not in archive
        assert tracemalloc.get_traced_memory()[1] < 2**18
    finally:
        tracemalloc.stop()
    with pytest.raises(mg.TokenError, match=r"the tokens of .*x\.npz: .*99"):
        mg.compare(on("numpy"), archive.file)
    with pytest.raises(
        mg.SettingError, match=r"the arrays of .*x\.npz must be named as the model's"
    ):
        mg.compare(on("numpy"), archive.file, TOKENS)
    with pytest.raises(mg.SettingError, match=r"or an array in .*x\.npz"):
        mg.compare(on("numpy"), npz(tmp_path, large=np.zeros(2)))


def npz(tmp_path, **arrays):
    np.savez_compressed(tmp_path / "x.npz", **arrays)
    return tmp_path / "x.npz"


def test_an_archive_that_lies_is_refused_before_memory_is_asked_for(tmp_path):
    path = npz(tmp_path, tokens=np.array(TOKENS), embedding=np.zeros((2, 5, 4)))
    np.savez(path, tokens=np.array(TOKENS), embedding=np.zeros((2, 5, 4)))
    content = path.read_bytes()
    lie = content.replace(b"(2, 5, 4), }", b"(2, 5,4**9)}")
    for wrong in (lie, content.replace(b"(2, 5, 4), }", b"(2, 5, 9), }")):
        assert wrong != content
        path.write_bytes(wrong)
        with pytest.raises(mg.FormatError, match=r"x\.npz"):
            mg.compare(on("numpy"), path)
    objects = np.array([object()])
    np.savez(path, tokens=np.array(TOKENS), embedding=objects)
    with pytest.raises(mg.FormatError, match="embedding"):
        mg.compare(on("numpy"), path)


@settings(deadline=None, max_examples=150)
@given(place=st.integers(0, 5000), new=st.binary(min_size=1, max_size=9), cut=st.integers(0, 60),
       packed=st.booleans())  # fmt: skip
def test_any_archive_is_compared_or_an_error(tmp_path_factory, place, new, cut, packed):
    path, save = tmp_path_factory.getbasetemp() / "any.npz", [np.savez, np.savez_compressed][packed]
    save(path, tokens=np.array(TOKENS), embedding=np.zeros((2, 5, 4)))
    content, untouched = bytearray(path.read_bytes()), mg.compare(on("numpy"), path)
    assert untouched.first_failure == "embedding"
    place %= len(content)
    content[place : place + len(new)] = new
    path.write_bytes(content[: len(content) - cut * (place % 2)])
    found, refused = None, str(path)
    try:
        found = mg.compare(on("numpy"), path)
    except mg.MicrogptError as error:
        refused = str(error)
    assert str(path) in refused
    if found is not None:  # the numbers are those that were saved: their checksums were compared
        assert found.checks == untouched.checks or "shape" in found.checks[0].problem


def test_what_cannot_be_reproduced_is_said_before_anything_is_trained():
    model = mg.GPT(mg.GPTConfig.preset("gpt2-small-char", n_layer=1, n_embd=8), backend="numpy")
    recipe = Recipe(losses=(1.0, 2.0), batch_size=1, seq_len=2, lr=0.1)
    with pytest.raises(mg.SettingError, match="steps must be from 1 to the 2 losses"):
        reproduce_losses(model, [[0, 1]], [[1, 2]], recipe, 3)
    with pytest.raises(mg.SettingError, match="tokens must be below the model's 65; got 50256"):
        reproduce_losses(model, [[0, 50256]], [[1, 2]], recipe)

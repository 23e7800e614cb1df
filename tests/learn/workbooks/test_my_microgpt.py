"""The workbook of the first day: a GPT whose losses are the reference's, and follow each part."""

import inspect

import numpy as np
import pytest
from exercise_answers import telling_lines
from workbook_runs import namespace, run, short

import microgpt as mg
from microgpt import learn
from microgpt.learn import answer_source
from microgpt.learn.workbook_sections import find_sections, part_ids, template
from microgpt.learn.workbooks import checked_parts, library, workbook

EXERCISES = {exercise.id: exercise for exercise in learn.exercises()}
LIBRARY = {id.partition(".")[2]: library(id) for id in part_ids()}


def mlp(x, up, down):
    hidden = (x @ up.T).relu()
    return hidden @ down.T


def gpt(tokens, embed, norm, attention, mlp, lm_head):
    x = norm(embed(tokens))
    for part in (attention, mlp):
        x = x + part(norm(x))
    return lm_head(x)


# What a learner writes in the parts that are no exercises.
WRITTEN = {"07.mlp": mlp, "07.gpt": gpt}


def test_there_are_fourteen_open_parts_from_every_notebook():
    sections = find_sections(template())
    assert len(sections) == 14
    assert sections.keys() - EXERCISES == WRITTEN.keys(), "the others are exercises"
    assert all(section.open_line for section in sections.values())
    assert {id[:2] for id in sections} == {f"0{number}" for number in range(1, 10)}


@pytest.mark.parametrize("id", [id for id in part_ids() if id in EXERCISES])
def test_a_part_is_its_exercise(id):
    exercise = EXERCISES[id]
    assert exercise.answer_name == find_sections(template())[id].name
    assert learn.check(id, library(id)), "the library's function solves it"


def test_no_solution_stands_in_it():
    lines = {line.strip() for line in template().splitlines()}
    for exercise in EXERCISES.values():
        if exercise.is_function:
            assert not telling_lines(exercise) & lines, exercise.id
    assert ".relu()" not in template().replace("`h.relu()`", "")
    assert "norm(x)" not in template().replace("def norm(x)", "")


def test_the_model_is_the_reference_to_the_last_digits():
    names = namespace()
    assert sum(node.value.size for node in names["weights"].values()) == 4192
    losses = names["train"](30)
    expected = mg.reference.run(
        names["names"], num_steps=30, num_samples=0, engine="tensor", backend="numpy"
    )
    assert losses == pytest.approx(expected.losses, abs=1e-12)
    for name, theirs in {"wte": "wte", "head": "lm_head", "down": "h.0.mlp.c_proj"}.items():
        got = names["weights"][name].value
        assert np.allclose(got, expected.parameters[f"{theirs}.weight"], atol=1e-12)


def overwritten(last):
    grads = LIBRARY["backward"](last)
    order = list(grads)  # each node after its inputs
    grads = {last: 1.0}
    for node in reversed(order):
        for parent, local_grad in zip(node.inputs, node.local_grads, strict=True):
            grads[parent] = local_grad * grads[node]
    return grads


def repeats_lost(dy, ids, n_rows):
    dweight = np.zeros((n_rows, dy.shape[1]))
    dweight[ids] += dy
    return dweight


def no_mask(x, wq, wk, wv):
    scores = (x @ wq.T) @ (x @ wk.T).T / np.sqrt(len(wq))
    return LIBRARY["softmax"](scores) @ (x @ wv.T)


def norm_after_adding(tokens, embed, norm, attention, mlp, lm_head):
    x = norm(embed(tokens))
    x = norm(x + attention(x))
    return lm_head(norm(x + mlp(x)))


def no_correction(p, g, m, v, t, lr, beta1, beta2, eps, weight_decay):
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
    return p - lr * m / (np.sqrt(v) + eps), m, v


# A wrong answer for each part whose results reach the losses, and the first step that shows it.
MISTAKES = {
    "backward": (overwritten, 2),
    "matmul_backward": (lambda dy, x, w: (dy @ w.T, x.T @ dy / len(dy)), 2),
    "softmax": (lambda x: LIBRARY["softmax"](x.T).T, 2),
    "cross_entropy": (lambda *given: LIBRARY["cross_entropy"](*given) / np.log(2), 1),
    "cross_entropy_backward": (lambda *given: -LIBRARY["cross_entropy_backward"](*given), 2),
    "embedding": (lambda ids, weight: weight[np.maximum(ids - 1, 0)], 1),
    "embedding_backward": (repeats_lost, 2),
    "attention_head": (no_mask, 1),
    "rms_norm": (lambda x, eps: LIBRARY["rms_norm"](x - x.mean(-1, keepdims=True), eps), 1),
    "mlp": (lambda x, up, down: (x @ up.T) @ down.T, 1),
    "gpt": (norm_after_adding, 2),
    "adamw_step": (no_correction, 2),
}


def test_what_the_losses_cannot_show():
    assert set(LIBRARY) - set(MISTAKES) == {"encode", "sample"}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_wrong_part_shows_in_the_first_losses(name):
    function, step = MISTAKES[name]
    losses = namespace(**{name: function})["train"](10)
    expected = namespace()["train"](10)
    differs = ~np.isclose(losses, expected, rtol=0, atol=1e-4)
    assert differs.any(), f"{losses} is {expected}"
    if name != "embedding_backward":  # the first name may have no letter twice
        assert differs.argmax() + 1 == step


def as_lists(value):
    if isinstance(value, tuple):
        return tuple(map(as_lists, value))
    return value.tolist() if isinstance(value, np.ndarray) else value


def test_parts_may_return_lists_and_float32():
    def listed(function):
        return lambda *given: as_lists(function(*given))

    def rounded(function):
        def call(*given):
            value = function(*given)
            parts = value if isinstance(value, tuple) else (value,)
            parts = tuple(np.float32(part) for part in parts)
            return parts if isinstance(value, tuple) else parts[0]

        return call

    others = ("backward", "encode", "mlp", "gpt", "sample")  # which give no arrays
    plain = {name: f for name, f in LIBRARY.items() if name not in others}
    expected = namespace()["train"](10)
    for changed in (listed, rounded):
        losses = namespace(**{name: changed(f) for name, f in plain.items()})["train"](10)
        assert losses == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("id", [id for id in part_ids() if id in EXERCISES])
def test_every_right_answer_runs_in_it(id):
    exercise, expected = EXERCISES[id], namespace()
    expected = (expected["train"](10), expected["new_name"]())
    for answer in (exercise.solution, *exercise.alternative_solutions):
        names = namespace(**{exercise.answer_name: answer})
        assert (names["train"](10), names["new_name"]()) == (
            pytest.approx(expected[0], abs=1e-9),
            expected[1],
        )


def test_it_makes_up_names_with_the_part_sample():
    first = namespace(sample=lambda logits, T, k, u: 0 if u < 0.9 else k - 1)
    assert set(first["new_name"]()) <= {"a"}
    assert len(namespace(sample=lambda *given: 1)["new_name"]()) == 16


@pytest.mark.slow
def test_the_first_day(tmp_path, monkeypatch):
    monkeypatch.setattr(answer_source, "_correct", {})  # no answer of an earlier test
    workbook(path := tmp_path / "my_microgpt.py")
    process = run(path)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    *_, yours, reference, verdict = process.stdout.splitlines()
    assert process.stdout.startswith("○ Open, so the library's functions run: 01.backward, ")
    assert "\n0 of 14 parts are yours.\n" in process.stdout
    assert "\nnew names: " in process.stdout
    assert yours.split()[1:] == reference.split()[1:]
    assert len(yours.split()) == 11
    assert verdict == "Your first 10 losses are those of the reference."


@pytest.mark.slow
def test_one_part_right_one_wrong_one_broken(tmp_path):
    path = tmp_path / "my_microgpt.py"
    right = "from microgpt import next_token\n\n\ndef sample(logits, T, k, u):\n"
    right += "    return next_token(logits, T, min(k, len(logits)), u=u).token"
    text = short(template()).replace('sample = library("09.sample")', right)
    wrong = text.replace('rms_norm = library("07.rms_norm")', "rms_norm = lambda x, eps: x / 2")
    path.write_text(wrong, "utf-8")
    process = run(path)
    assert process.returncode == 0, process.stderr
    assert "✓ 09.sample\n" in process.stdout
    assert "Your losses differ from the reference's from step 1 on." in process.stdout
    broken = "def softmax(x):\n    return x.softmax()"
    text = text.replace('softmax = library("03.softmax")', broken)
    path.write_text(text, "utf-8")
    line = text.splitlines().index("    return x.softmax()") + 1
    process = run(path)
    assert process.returncode == 1
    assert process.stderr == (
        f"Your softmax (03.softmax) stopped in line {line} with AttributeError: 'numpy.ndarray' "
        "object has no attribute 'softmax'.\n"
    )


def attention_head(x, wq, wk, wv):
    y = []
    for t in range(len(x)):
        scores = (x[: t + 1] @ wk.T) @ (wq @ x[t]) / np.sqrt(len(wq))
        shares = np.exp(scores - scores.max())
        y.append(shares @ (x[: t + 1] @ wv.T) / shares.sum())
    return np.stack(y)


def rms_norm(x, eps=1e-5):
    return x / np.sqrt(np.square(x).mean(-1)[..., None] + eps)


def test_answers_that_check_accepts_move_in(tmp_path, monkeypatch):
    monkeypatch.setattr(answer_source, "_correct", {})
    for id, answer in (("06.attention_head", attention_head), ("07.rms_norm", rms_norm)):
        assert learn.check(id, answer)
    report = workbook(path := tmp_path / "my_microgpt.py")
    assert report.filled == ["06.attention_head", "07.rms_norm"]
    text = path.read_text("utf-8")
    assert "    return np.stack(y)\n" in find_sections(text)["06.attention_head"].text
    assert "np.square(x)" in find_sections(text)["07.rms_norm"].text
    names = namespace(text)
    assert names["train"](10) == pytest.approx(namespace()["train"](10), abs=1e-9)
    assert checked_parts(names).ids("correct") == ["06.attention_head", "07.rms_norm"]


def test_with_the_last_part_every_line_is_yours(capsys):
    """Solutions stand in all parts that are exercises, a learner's code in the others."""
    for missing in ("07.rms_norm", *WRITTEN, None):
        names = namespace()
        for id in part_ids():
            solution = WRITTEN[id] if id in WRITTEN else EXERCISES[id].solution
            names[id.partition(".")[2]] = library(id) if id == missing else solution
        with checked_parts(names) as parts:
            print(parts.compare(names["train"](10), names["names"]))
        printed = capsys.readouterr().out
        assert f"{14 - (missing is not None)} of 14 parts are yours.\n" in printed
        assert "\nYour first 10 losses are those of the reference.\n" in printed
        complete = printed.endswith("of the reference.\nEvery line of this GPT is yours.\n")
        assert complete is (missing is None)


@pytest.mark.parametrize("id", WRITTEN)
def test_a_part_without_exercise_is_written_in_the_file(id):
    """Its code takes the place of the open line, under the part's comments, and runs there."""
    name = id.partition(".")[2]
    code = inspect.getsource(WRITTEN[id])
    text = template().replace(f'{name} = library("{id}")\n', code)
    names = namespace(text)
    assert names[name].__code__.co_filename == "workbook.py"
    assert names["train"](10) == pytest.approx(namespace()["train"](10), abs=1e-12)
    checked = checked_parts(names)
    assert checked.ids("unchecked") == [id]
    assert f"✓ {id}: yours; no exercise checks it" in str(checked)


def test_the_parts_of_nodes_run_on_tensors_too():
    rng = np.random.default_rng(0)
    x, up, down = (rng.normal(size=shape) for shape in ((3, 4), (16, 4), (4, 16)))
    tensors = (mg.Tensor(each, dtype="float64", backend="numpy") for each in (x, up, down))
    expected = np.maximum(x @ up.T, 0) @ down.T
    assert np.allclose(library("07.mlp")(*tensors).numpy(), expected, atol=1e-12)

"""Every exercise withstands its battery; a teacher's own file gets the same for nothing."""

import json
import re
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.cli import main
from microgpt.learn import registry
from microgpt.learn.hints import source
from microgpt.learn.registry import find

EXERCISES = learn.exercises()
FUNCTIONS = [exercise for exercise in EXERCISES if exercise.is_function]
each = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)


@pytest.fixture(autouse=True)
def no_exercises_stay(monkeypatch):
    monkeypatch.setattr(registry, "_own", {})


@pytest.fixture
def quick(monkeypatch):
    """A limit of one second instead of three."""
    monkeypatch.setattr("microgpt.learn.time_limit.LIMIT", 1.0)


@each
def test_battery(exercise, quick):
    with mg.using("numpy"):
        assert learn.self_test(exercise) == []


def test_ids_stay_as_they_are():
    assert [exercise.id for exercise in EXERCISES] == [
        "00.first_change", "09.temperature", "09.top_k", "09.sample",
    ]  # fmt: skip


BANNED = r"\b(simply|just|obviously|clearly|of course|easy|trivial|basically|magic)\b|!"


@each
def test_texts_keep_the_course_rules(exercise):
    words = registry.find(exercise.id)
    causes = [wrong.cause for wrong in words.wrong]
    properties = [part.sentence for part in words.properties]
    for text in (words.statement, *words.hints, *causes, *properties):
        assert not re.search(BANNED, text, re.IGNORECASE), text
        assert text == text.strip()
    assert len(words.statement.split()) <= 60
    assert len(set(causes)) == len(causes), "each wrong answer has a cause of its own"
    assert 1 <= words.difficulty <= 5
    assert 1 <= words.importance <= 5


@each
def test_the_solution_as_shown_is_correct(exercise):
    names = {}
    with mg.using("numpy"):
        exec(source(exercise), names)
        assert learn.check(exercise.id, names[exercise.answer])


@pytest.mark.parametrize("seed", range(5))
def test_the_solutions_are_the_library(seed):
    rng = np.random.default_rng(seed)
    temperature, top_k, sample = (exercise.solution for exercise in FUNCTIONS)
    for _ in range(100):
        logits = np.round(rng.normal(size=int(rng.integers(1, 30))), 1)
        T, k, u = float(rng.uniform(0, 3)), int(rng.integers(1, len(logits) + 1)), rng.random()
        choice = mg.next_token(logits, T, k, u=u)
        assert sample(logits, T, k, u) == choice.token
        np.testing.assert_allclose(
            top_k(temperature(logits, T), k), choice.probabilities, atol=1e-12
        )
        assert sample(logits, 0, k, u) == mg.next_token(logits, 0, u=u).token


def test_the_changes_of_a_run_are_counted():
    names = mg.load_corpus("names-mini")

    def run(steps=5, corpus=names, train=None, **shape):
        shape.setdefault("vocab_size", corpus.tokenizer().vocab_size)
        trainer = mg.Trainer(
            mg.GPT(mg.GPTConfig.microgpt(**shape), backend="numpy"),
            corpus,
            mg.TrainConfig(steps=steps, **(train or {})),
        )
        trainer.run()
        return learn.check("00.first_change", trainer)

    assert run(steps=20)
    assert run(train={"eval_every": 2, "samples": 3}), "these only look"
    assert "two things changed, width and steps" in run(n_embd=8).cause
    three = run(corpus=mg.load_corpus(text="anna\nbob\ncleo\n" * 3), n_layer=2)
    assert "three things changed, layers, steps and list" in three.cause
    half = mg.Trainer(mg.GPT(backend="numpy"), names, mg.TrainConfig(steps=10))
    next(half)
    assert "stopped after 1 of 10 steps" in learn.check("00.first_change", half).cause
    card = repr(learn.check("00.first_change", half))
    assert "does not hold: The training has run to its end." in card
    assert "got: 1 of 10 steps" in card
    assert "That is a model" in learn.check("00.first_change", half.model).cause
    assert "a dict" in learn.check("00.first_change", {}).cause


def trained(model, steps):
    run = mg.Trainer(model, mg.load_corpus("names-mini"), mg.TrainConfig(steps=steps))
    run.run()
    return run


def test_the_model_of_a_run_must_be_new():
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    assert learn.check("00.first_change", trained(model, 150))
    again = learn.check("00.first_change", trained(model, 200))
    assert again.property == "The training began with a new model."
    assert "Start from a new one: mg.GPT" in again.cause
    assert (again.expected, round(again.got, 2) < 2.97) == ("near 3.30, which is ln 27", True)


def test_a_changed_run_is_told_what_came_of_it():
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    result = learn.check("00.first_change", trained(model, 40))
    found = trained(mg.GPT(mg.GPTConfig.microgpt(), backend="numpy"), 40).evaluate()
    said = (
        f"With steps = 40 your run ends at {found.loss:.2f} ± {found.error:.2f} on held-out texts."
    )
    assert result.effect == result.message == said
    assert said in result._repr_html_()
    corpus = mg.load_corpus(text="\n".join(f"{a}{b}{a}" for a in "abcdefgh" for b in "aeiou"))
    shape = mg.GPTConfig.microgpt(vocab_size=corpus.tokenizer().vocab_size)
    other = mg.Trainer(mg.GPT(shape, backend="numpy"), corpus)
    other.run()
    assert "With your list the run ends at" in learn.check("00.first_change", other).effect


class Panel:
    """Trains beside the notebook and keeps its trainer, as the album does."""

    def __init__(self, steps, until):
        model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
        self.trainer = mg.Trainer(model, mg.load_corpus("names-mini"), mg.TrainConfig(steps=steps))
        self.until, self.waited = until, False

    def wait(self):
        self.waited = True
        while len(self.trainer.history) < self.until:
            next(self.trainer)


def test_a_run_beside_the_notebook_is_waited_for(monkeypatch):
    panel = Panel(30, until=30)
    assert learn.check("00.first_change", panel)
    assert panel.waited
    stopped = learn.check("00.first_change", Panel(1100, until=10))
    assert "It is at step 10 of 1,100: let it train to the last page" in stopped.cause
    assert "press Go on" in learn.check("00.first_change", Panel(1100, until=0)).cause
    monkeypatch.setattr("microgpt.learn.bundled.first_change.PATIENCE", 0.3)
    slow = Panel(30, until=30)
    release = threading.Event()
    slow.wait = lambda: release.wait(60)
    assert learn.check("00.first_change", slow).state == "not yet"
    release.set()


# A teacher's own file.

OWN = '''
"""Week 3."""
import math
import numpy as np
from microgpt.learn import Example, Exercise, Property, Wrong, number

def surprise(p):
    return math.inf if p == 0 else -math.log(p)

EXERCISE = Exercise(
    id="week3.surprise", signature="surprise(p) -> nats", shapes="0 ≤ p ≤ 1 -> a number",
    statement="How surprised are you, in nats, when something of chance p happens?",
    difficulty=1, importance=3, minutes=3, needs=("logarithm",),
    hints=("Certain things surprise by 0.", "Surprises add.", "Minus the natural logarithm."),
    solution=surprise, right=(lambda p: float(-np.log(p)) if p else np.inf,),
    properties=(
        Property("Certainty is no surprise.", lambda rng: [(1.0,)]),
        Property("Any chance is right.", lambda rng: ((float(p),) for p in rng.random(20))),
        Property("What cannot happen surprises without bound.", lambda rng: [(0.0,)],
                 cause="Treat 0 first."),
    ),
    wrong=({wrong},),
    example=Example((0.5,), 0.693147), reads=number,
)
'''
BITS = 'Wrong("bits", lambda p: -math.log2(p) if p else math.inf, "That is bits.")'


def own(tmp_path, wrong=BITS, name="week3.py"):
    file = tmp_path / name
    file.write_text(OWN.replace("{wrong}", wrong), "utf-8")
    return file


def test_an_own_file_gets_everything(tmp_path, capsys, quick):
    file = own(tmp_path)
    (exercise,) = learn.load(file)
    assert learn.exercises()[-1] is exercise
    assert learn.check("week3.surprise", exercise.solution)
    assert learn.check("week3.surprise", lambda p: -np.log2(p)).cause == "That is bits."
    assert str(learn.hint("week3.surprise", 2)) == "Surprises add."
    assert "def surprise" in learn.solution("week3.surprise")
    assert learn.load(file)[0] is find("week3.surprise"), "loading again replaces"
    assert main(["exercises", "--test", str(file)]) == 0
    assert capsys.readouterr().out == "week3.surprise: all is well\n"


def test_the_battery_finds_what_is_amiss(tmp_path, capsys, quick):
    bad = 'Wrong("none", surprise, "Never."), Wrong("two", lambda p: 2.0, "Two.", endless=True)'
    assert main(["exercises", "--test", str(own(tmp_path, bad))]) == 1
    out = capsys.readouterr().out
    assert "the wrong answer 'none' is 'correct' with seed 0" in out
    assert "the wrong answer 'two' gets another cause" in out
    exercise = replace(
        EXERCISES[1], statement="word " * 61, right=(lambda *given: given[0],), wrong=()
    )
    text = " ".join(learn.self_test(exercise))
    for part in ("has 61 words", "right answer 1 is refused", "no wrong answer is named"):
        assert part in text
    alone = " ".join(learn.self_test(replace(EXERCISES[1], right=())))
    assert "a learner who takes another road than the solution may be refused" in alone


def test_files_that_cannot_be_loaded(tmp_path):
    with pytest.raises(mg.FormatError, match="no file"):
        learn.load(tmp_path / "absent.py")
    file = tmp_path / "broken.py"
    for text, message in [
        ("def", "cannot be run: SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(4)", "SystemExit: 4"),
        ("x = 1", "no Exercise"),
    ]:
        file.write_text(text)
        with pytest.raises(mg.FormatError, match=message):
            learn.load(file)
    file.write_text(OWN.replace("{wrong}", BITS).replace("week3.surprise", "09.sample"), "utf-8")
    with pytest.raises(mg.SettingError, match=r"'09\.sample' in .* is taken"):
        learn.load(file)
    learn.load(own(tmp_path))
    with pytest.raises(mg.SettingError, match="is taken"):
        learn.load(own(tmp_path, name="week4.py"))


def test_an_exercise_says_what_it_lacks():
    with pytest.raises(mg.SettingError, match=r"looks like '06\.attention_head'"):
        replace(EXERCISES[1], id="Temperature")
    with pytest.raises(mg.SettingError, match="needs 3 hints; got 1"):
        replace(EXERCISES[1], hints=("one",))
    with pytest.raises(mg.SettingError, match="worked example"):
        replace(EXERCISES[1], example=None)
    with pytest.raises(mg.SettingError, match=r"must read like f\(x, y\) -> z; got 'f\(x -> y'"):
        replace(EXERCISES[1], signature="f(x -> y")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("id", 3, "looks like '06.attention_head'"),
        ("hints", "abc", "hints of 09.temperature must be a tuple of texts"),
        ("needs", "softmax", "needs of 09.temperature must be a tuple of texts"),
        ("difficulty", 99, "difficulty of 09.temperature must be a whole number from 1 to 5"),
        ("importance", True, "importance of 09.temperature must be a whole number"),
        ("properties", (), "needs at least 1 property; got none"),
        ("properties", learn.Property("One."), "a tuple of Property objects, with a comma"),
        ("wrong", (3,), "must be a tuple of Wrong objects"),
        ("solution", 3, "must be a function; got 3"),
        ("statement", None, "must be a text"),
    ],
)
def test_an_exercise_made_of_something_else_is_refused(name, value, message):
    with pytest.raises(mg.SettingError, match=re.escape(message)):
        replace(EXERCISES[1], **{name: value})


def with_property(*parts):
    """An exercise with one property of those parts."""
    return replace(find("09.temperature"), properties=(learn.Property("It holds.", *parts),))


def one_case(rng):
    return [(np.array([1.0, 2.0]), 1.0)]


def test_a_property_may_answer_true_or_false():
    solution = find("09.temperature").solution
    assert learn.check(
        with_property(one_case, lambda answer, *given: answer(*given)[0] > 0), solution
    )
    for no in (False, np.False_):
        result = learn.check(with_property(one_case, lambda *_, no=no: no), solution)
        assert (result.state, result.property) == ("not yet", "It holds.")
        assert (result.got, result.expected) == (None, None)


@pytest.mark.parametrize(
    ("inputs", "test", "message"),
    [
        (one_case, lambda *_: "no", "must return None if it holds, or a Miss"),
        (lambda rng: rng.normal(size=(2, 2)), None, "must be tuples of arguments, such as (x,)"),
        (lambda rng: 1 / 0, None, "cannot be made: ZeroDivisionError"),
        (lambda: [], None, "cannot be made: TypeError"),
    ],
)
def test_mistakes_in_a_property_are_its_authors(inputs, test, message):
    exercise = with_property(inputs, test)
    with pytest.raises(mg.SettingError, match=re.escape(message)):
        learn.check(exercise, exercise.solution)


def test_a_property_is_made_of_functions():
    for parts, message in [(([(1.0,)],), "inputs must be a function"),
                           ((one_case, 3), "test must be a function")]:  # fmt: skip
        with pytest.raises(mg.SettingError, match=message):
            learn.Property("It holds.", *parts)


def test_the_example_in_the_readme_is_complete(tmp_path, capsys, quick):
    text = (Path(__file__).parent.parent / "notebooks" / "README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "week3.py").write_text(code, "utf-8")
    assert main(["exercises", "--test", str(tmp_path / "week3.py")]) == 0
    assert capsys.readouterr().out == "week3.surprise: all is well\n"


def test_files_that_do_not_come_to_their_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("microgpt.cli.exercises.PATIENCE", 0.3)
    file = tmp_path / "endless.py"
    file.write_text("while True: pass")
    for path, message in [(file, "longer than 0.3 seconds"), (tmp_path, "is a folder")]:
        assert main(["exercises", "--test", str(path)]) == 1
        assert message in capsys.readouterr().err


def test_a_solution_goes_by_the_answers_name(tmp_path):
    file = own(tmp_path)
    text = file.read_text("utf-8").replace("def surprise(p)", "def solution(p)")
    file.write_text(text.replace("solution=surprise", "solution=solution"), "utf-8")
    (exercise,) = learn.load(file)
    assert "def surprise(p):" in learn.solution("week3.surprise")
    assert "solution" not in source(exercise)


def test_parameters_are_read_as_python_reads_them():
    def parameters(signature):
        return replace(EXERCISES[1], signature=signature).parameters

    assert parameters("f(x, axis=(0, 1), *, eps=1e-5) -> y") == ["x", "axis", "eps"]
    assert parameters("f() -> (a, b)") == []
    assert parameters("my_run") == []


# Commands and notebooks.


def test_the_list(capsys):
    assert main(["exercises"]) == 0
    assert "09.sample        10 minutes  difficulty 3  sample(logits" in capsys.readouterr().out
    assert main(["exercises", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [exercise["id"] for exercise in listed] == [exercise.id for exercise in EXERCISES]
    assert listed[0]["answer"] == "my_run"


def telling_lines(exercise):
    """The lines of the solution that give it away."""
    lines = (line.strip() for line in source(exercise).splitlines())
    plain = ("import ", "def ", "names = mg.load_corpus", "trainer.run()", "my_run = ")
    return [line for line in lines if len(line) > 12 and not line.startswith(plain)]


def test_no_notebook_holds_a_solution():
    root = Path(__file__).parent.parent / "notebooks"
    sources = [*root.rglob("*.ipynb"), *root.rglob("*.py")]
    assert sources
    for path in sources:
        text = path.read_text("utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells)
        lines = {line.strip() for line in text.splitlines()}
        for exercise in EXERCISES:
            assert not lines & set(telling_lines(exercise)), f"{path}: {exercise.id}"


def test_an_assignment_is_a_clean_notebook(tmp_path, capsys):
    import nbformat

    out = tmp_path / "hw.ipynb"
    ids = [exercise.id for exercise in EXERCISES]
    assert main(["assignment", *ids, "--out", str(out)]) == 0
    notebook = nbformat.read(out, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tags = [tag for cell in code for tag in cell.metadata.get("tags", [])]
    assert [tag for tag in tags if tag.startswith("exercise:")] == [f"exercise:{id}" for id in ids]
    assert [tag for tag in tags if tag.startswith("check:")] == [f"check:{id}" for id in ids]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    lines = {line.strip() for cell in notebook.cells for line in cell.source.splitlines()}
    assert not any(lines & set(telling_lines(exercise)) for exercise in EXERCISES)
    names = {}
    for cell in code:  # with every exercise left blank the notebook works
        exec(cell.source, names)
    assert learn.check("09.sample", names["sample"]).state == "not attempted"
    assert all(len(cell.source.split()) <= 90 for cell in notebook.cells)
    before = out.read_bytes()
    assert main(["assignment", *ids, "--out", str(out)]) == 1
    assert "may be someone's work" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_assignments_for_nbgrader_and_without_hints(tmp_path):
    first, second = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    for out in (first, second):
        command = ["assignment", "09.top_k", "--nbgrader", "--no-hints", "--out", str(out)]
        assert main(command) == 0
    assert first.read_bytes() == second.read_bytes()
    text = first.read_text("utf-8")
    assert "mg.learn.hint" not in text
    assert "raise_if_wrong()" in text
    cells = json.loads(text)["cells"]
    marks = [cell["metadata"]["nbgrader"] for cell in cells if "nbgrader" in cell["metadata"]]
    assert [mark["solution"] for mark in marks] == [True, False]
    assert [mark["grade"] for mark in marks] == [False, True]
    assert all(re.fullmatch(r"[\w-]+", mark["grade_id"]) for mark in marks)
    assert "About 5 minutes." in text


@each
def test_nbgraders_students_keep_the_signature(exercise):
    """What `generate_assignment` makes of a cell: its own stub for what is between the marks."""
    from microgpt.learn.grading.assignments import stub

    marks = r"( *)### BEGIN SOLUTION\n(.*\n)*? *### END SOLUTION"
    student = re.sub(marks, r"\1raise NotImplementedError()", stub(exercise, nbgrader=True))
    assert "todo" not in student
    if exercise.is_function:
        names = {}
        exec(student, names)
        assert learn.check(exercise, names[exercise.answer]).state == "not attempted"
    else:
        with pytest.raises(NotImplementedError):
            exec(student, {})


def test_an_assignment_of_own_exercises_loads_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    file = own(tmp_path)
    command = ["assignment", "week3.surprise", "--exercises", str(file), "--out", "hw.ipynb"]
    assert main(command) == 0
    assert "hand out week3.py beside it" in capsys.readouterr().out
    cells = json.loads((tmp_path / "hw.ipynb").read_text("utf-8"))["cells"]
    (loads,) = [cell for cell in cells if "learn.load" in "".join(cell["source"])]
    assert "".join(loads["source"]) == 'mg.learn.load("week3.py");'
    assert loads["metadata"]["tags"] == ["imports"]
    monkeypatch.setattr(registry, "_own", {})  # a learner's kernel
    names = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert learn.check("week3.surprise", names["surprise"]).state == "not attempted"


def test_one_is_not_many(tmp_path, capsys):
    file = own(tmp_path)
    file.write_text(file.read_text("utf-8").replace("minutes=3", "minutes=1"), "utf-8")
    (exercise,) = learn.load(file)
    assert main(["exercises"]) == 0
    assert "1 minute   difficulty" in capsys.readouterr().out
    out = tmp_path / "hw.ipynb"
    assert main(["assignment", exercise.id, "--out", str(out)]) == 0
    assert out.read_text("utf-8").count("About 1 minute.") == 2


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["09.smaple", "--out", "a.ipynb"], "no exercise '09.smaple'"),
        (["09.sample", "09.sample", "--out", "a.ipynb"], "listed twice"),
        (["09.sample", "--corpus", "nmaes", "--out", "a.ipynb"], "no corpus"),
        (["09.sample", "--out", "a.txt"], "end in .ipynb"),
        (["00.first_change", "--corpus", "story", "--out", "a.ipynb"], "about the corpus 'names-"),
    ],
)
def test_wrong_assignments_are_refused(tmp_path, monkeypatch, capsys, command, message):
    monkeypatch.chdir(tmp_path)
    assert main(["assignment", *command]) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

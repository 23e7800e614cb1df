"""Rules for predictions and exercises."""

from types import SimpleNamespace

import pytest
from course.rules import exercises
from notebook_pages import STUB, TEXT, check_rule, code, md, page, predict

import microgpt as mg


def answer(id):
    return code("show", TEXT, tags=[f"answer:{id}"])


CHECK = code("check", TEXT, tags=["check:00.first"])
PREDICTIONS = (predict("00.a"), answer("00.a"), predict("00.b"), code('answer("00.b")', TEXT))

# rule: a page that keeps it, then pages that violate it, each with a part of the violation
CASES = {
    exercises.predictions_are_answered: (
        page(*PREDICTIONS),
        (page(*PREDICTIONS[:2]), "1 predictions"),
        (page(*[predict(f"00.{letter}") for letter in "abcde"]), "5 predictions"),
        (
            page(*PREDICTIONS[2:], predict("00.a", "measured: 3"), answer("00.a")),
            "no misconception",
        ),
        (page(*PREDICTIONS, predict("00.c")), "'00.c' is not answered"),
        (page(*PREDICTIONS, answer("00.c"), predict("00.c")), "'00.c' is not answered"),
    ),
    exercises.exercises_are_checked: (
        page(md("5 minutes, difficulty 1."), STUB, CHECK),
        (page(md("5 minutes."), STUB), "no later cell tagged check:00.first"),
        (page(md("Do it."), STUB, CHECK), "how many minutes"),
        (page(md("5 minutes."), STUB, CHECK, name="09_test"), "does not belong"),
    ),
}


TESTED_BELOW = {exercises.statements_are_complete, exercises.no_solutions}


def test_every_rule_is_tested():
    assert set(CASES) | TESTED_BELOW == set(exercises.RULES)


@pytest.mark.parametrize("rule", CASES, ids=lambda rule: rule.__name__)
def test_the_rule(rule):
    check_rule(rule, *CASES[rule])


def doubled(x):
    # A comment of the solution.
    """Twice x."""
    return x + x * 1.0 + 0.0


def run_solution():
    names = mg.load_corpus("names-mini")
    return mg.GPT(mg.GPTConfig(n_embd=32)), names


def exercise(**changes):
    fields = {"statement": "Double x.", "signature": "doubled(x) -> float", "example": (1, 2)}
    fields |= {"id": "00.first", "minutes": 5, "solution": doubled, "is_function": True}
    fields |= {"is_kernel": False}
    return SimpleNamespace(**{**fields, **changes})


def test_statements_are_read_from_the_exercises():
    kept = page(md("5 minutes."), STUB)
    assert exercises.statements_are_complete(kept, {"00.first": exercise()}) == []
    for known, part in (
        ({"00.other": exercise()}, "is not one of microgpt.learn: 00.other"),
        ({"00.first": exercise(statement="word " * 61)}, "61 words"),
        ({"00.first": exercise(example=None, signature="")}, "lacks signature, example"),
        ({"00.first": exercise(minutes=4)}, "takes 4 minutes; the text says 5"),
    ):
        violations = exercises.statements_are_complete(kept, known)
        assert any(part in violation for violation in violations)


def test_no_solution_is_given_away():
    known = {"00.first": exercise()}
    assert exercises.telling_lines(exercise()) == {"return x + x * 1.0 + 0.0"}
    assert exercises.no_solutions(page(STUB, md("Return x.")), known) == []
    line = "    return x + x * 1.0 + 0.0"
    output = {"output_type": "stream", "text": line}
    for wrong in (page(md(line)), page(code("def f(x):\n" + line)), page(code("1", output))):
        assert "gives '00.first' away" in exercises.no_solutions(wrong, known)[0]


def test_a_run_is_given_away_by_all_its_lines():
    known = {"00.first": exercise(solution=run_solution, is_function=False)}
    one_line = page(code('names = mg.load_corpus("names-mini")'))
    assert exercises.no_solutions(one_line, known) == []
    all_lines = page(
        code('names = mg.load_corpus("names-mini")\nreturn mg.GPT(mg.GPTConfig(n_embd=32)), names')
    )
    assert "gives '00.first' away" in exercises.no_solutions(all_lines, known)[0]


def test_a_kernel_is_given_away_by_all_its_lines():
    known = {"00.first": exercise(solution=run_solution, is_kernel=True)}
    line = 'names = mg.load_corpus("names-mini")'
    assert exercises.no_solutions(page(code(line)), known) == []
    both = page(code(line + "\nreturn mg.GPT(mg.GPTConfig(n_embd=32)), names"))
    assert "gives '00.first' away" in exercises.no_solutions(both, known)[0]

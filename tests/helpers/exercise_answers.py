"""What the tests of exercises share: answers, a teacher's own file, and submitted notebooks."""

import json

import numpy as np

import microgpt as mg
from microgpt.learn.hints import solution_source
from microgpt.learn.registry import find_exercise

SAMPLE = find_exercise("09.sample").solution
TEMPERATURE = find_exercise("09.temperature").solution
TOP_K = find_exercise("09.top_k").solution


def correct_sample(logits, T, k, u):
    """The library's own token."""
    return mg.next_token(logits, T, min(k, len(logits)), u=u).token


def id_order_sample(logits, T, k, u):
    """A common mistake: the cumulative probabilities in the order of the ids."""
    probs = mg.next_token(logits, T, min(k, len(logits))).probabilities
    return int(np.searchsorted(np.cumsum(probs), u, side="right"))


def softmax(logits):
    """What learners write, in NumPy, for probabilities of logits (V,)."""
    exponentials = np.exp(logits - np.max(logits))
    return exponentials / exponentials.sum()


def stable_order(numbers):
    """The indices from the largest to the smallest; of equal ones the lower index is first."""
    return np.argsort(-np.asarray(numbers), kind="stable")


def endless(*arguments):
    while True:
        pass


TEACHERS_FILE = '''
"""Week 3."""
import math
import numpy as np
from microgpt.learn import CommonMistake, Example, Exercise, Property, number

def surprise(p):
    return math.inf if p == 0 else -math.log(p)

EXERCISE = Exercise(
    id="week3.surprise", signature="surprise(p) -> nats", shapes="0 ≤ p ≤ 1 -> a number",
    statement="How surprised are you, in nats, when something of probability p happens?",
    difficulty=1, importance=3, minutes=3, prerequisites=("logarithm",),
    hints=("Certain things surprise by 0.", "Surprises add.", "Minus the natural logarithm."),
    solution=surprise,
    alternative_solutions=(lambda p: float(-np.log(p)) if p else np.inf,),
    properties=(
        Property("Certainty is no surprise.", lambda rng: [(1.0,)]),
        Property("Any probability is right.", lambda rng: ((float(p),) for p in rng.random(20))),
        Property("What cannot happen surprises without bound.", lambda rng: [(0.0,)],
                 cause="Treat 0 first."),
    ),
    common_mistakes=({mistakes},),
    example=Example((0.5,), 0.693147), parse=number,
)
'''
IN_BITS = """CommonMistake(
    "in bits", lambda p: -math.log2(p) if p else math.inf, "That is in bits.")"""


def write_teachers_file(folder, mistakes=IN_BITS, name="week3.py"):
    """A file with one exercise, week3.surprise."""
    file = folder / name
    file.write_text(TEACHERS_FILE.replace("{mistakes}", mistakes), "utf-8")
    return file


IMPORT_CELL = ("import numpy as np\nimport microgpt as mg",)
SAMPLE_CODE, TOP_K_CODE, TEMPERATURE_CODE = (
    solution_source(find_exercise(id)).partition("\n\n")[2]
    for id in ("09.sample", "09.top_k", "09.temperature")
)


def notebook_json(*cells):
    """A notebook as JSON; a cell is a tuple of its code and its tags."""
    code_cells = [
        {"cell_type": "code", "execution_count": None, "metadata": {"tags": list(tags)},
         "outputs": [], "source": code}
        for code, *tags in cells
    ]  # fmt: skip
    return json.dumps({"cells": code_cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def telling_lines(exercise):
    """The lines of the solution that give it away."""
    lines = (line.strip() for line in solution_source(exercise).splitlines())
    common = ("import ", "from ", "def ", "names = mg.load_corpus", "trainer.run()", "my_run = ")
    return {line for line in lines if len(line) > 12 and not line.startswith(common)}

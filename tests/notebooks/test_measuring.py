"""What the notebooks claim is measured with their own cells, and stands in numbers.toml."""

import tomllib

import pytest
from course.rules import page
from measuring import command
from measuring.claim import NOT_SEEN, SEEDS, SEEN, Measurement, possible_verdicts, verdict
from measuring.entries import updated
from measuring.experiment_cells import experiment_cells
from notebook_sources import FILE_NAME

MEASURED = page.declarations("numbers.toml")["measured"]
FILE = """\
# A comment.

[[setting]]
notebook = "01_a"
text = "[[measured]]"
reason = "read [[measured]]"

[[measured]]
notebook = "01_a"
claim = "old"

[[measured]]
notebook = "02_b"
claim = "stays"
"""


def measurement(name, *effects):
    return Measurement(name, "how “far” a slope is off", effects)


@pytest.mark.parametrize(
    ("effect", "spread", "expected"),
    [
        (0.3, 0.09, SEEN),
        (-0.3, 0.09, SEEN),
        (0.29, 0.1, NOT_SEEN),
        (5, 0, SEEN),
        (0, 0, NOT_SEEN),
    ],
)
def test_an_effect_below_three_times_its_spread_is_not_seen(effect, spread, expected):
    assert verdict(effect, spread) == expected


@pytest.mark.parametrize(
    ("effect", "spread", "expected"),
    [
        (-0.3, 0.09, {SEEN}),
        (0.04, 0.05, {NOT_SEEN}),
        (0.3, 0.1, {SEEN, NOT_SEEN}),
        (-0.29, 0.1, {SEEN, NOT_SEEN}),
        (0, 0, {SEEN, NOT_SEEN}),
    ],
)
def test_numbers_that_were_rounded_leave_a_verdict_open(effect, spread, expected):
    assert possible_verdicts(effect, spread) == expected


def test_a_verdict_is_that_of_the_numbers_before_rounding():
    small = measurement("small", 0.006, 0.01, 0.0135)  # 0.0098 ± 0.0038
    text = updated(FILE, "01_a", [small])
    (entry,) = (one for one in tomllib.loads(text)["measured"] if one["claim"] == "small")
    assert (entry["effect"], entry["spread"], entry["verdict"]) == (0.01, 0.0, NOT_SEEN)


def test_a_measurement_is_written_and_all_else_stays():
    text = updated(FILE, "01_a", [measurement("new", 1, 2, 3), measurement("none", -1, 1)])
    before, after = tomllib.loads(FILE), tomllib.loads(text)
    assert text.startswith(FILE[: FILE.index("\n\n[[measured]]")])
    assert after["setting"] == before["setting"]
    assert [(one["notebook"], one["claim"]) for one in after["measured"]] == [
        ("02_b", "stays"), ("01_a", "new"), ("01_a", "none"),
    ]  # fmt: skip
    _, new, none = after["measured"]
    assert (new["effect"], new["spread"], new["verdict"]) == (2.0, 1.0, NOT_SEEN)
    assert (none["effect"], none["verdict"], none["text"]) == (0, NOT_SEEN, new["text"])
    again = updated(text, "01_a", [measurement("new", 1, 2, 3), measurement("none", -1, 1)])
    assert again == text


def test_only_imports_and_experiments_run(tmp_path, capsys):
    cells = (
        ("imports", "import math"),
        ("experiment", "area = math.pi\nprint(1)"),
        ("optional", "1 / 0"),
    )
    source = "\n\n".join(f'# %% tags=["{tag}"]\n{text}' for tag, text in cells)
    (tmp_path / FILE_NAME).write_text(source, "utf-8")
    assert experiment_cells("00_test", tmp_path).area > 3
    assert capsys.readouterr().out == ""


def test_every_claim_is_recorded():
    declared = [
        (name, claim) for name, module in command.MODULES.items() for claim in module.CLAIMS
    ]
    assert [(entry["notebook"], entry["claim"]) for entry in MEASURED] == declared


def test_recorded_effects_and_verdicts_are_those_of_the_seeds():
    for entry in MEASURED:
        again = Measurement(entry["claim"], entry["text"], tuple(entry["of_seeds"]))
        assert len(again.effects) == len(SEEDS)
        assert again.effect == pytest.approx(entry["effect"], abs=0.006), entry["claim"]
        assert again.spread == pytest.approx(entry["spread"], abs=0.006), entry["claim"]
        assert entry["verdict"] in possible_verdicts(entry["effect"], entry["spread"])


@pytest.mark.parametrize("notebook", command.MODULES)
@pytest.mark.slow
@pytest.mark.timeout(600)  # up to twelve trainings
def test_a_seed_measured_again_is_the_same(notebook):
    """One of the five; `python notebooks/measure.py` measures all of them again."""
    seed = list(command.MODULES).index(notebook) % len(SEEDS)
    (effects,) = command.measure_seeds(notebook, [seed])
    for entry in (one for one in MEASURED if one["notebook"] == notebook):
        claim = entry["claim"]
        assert entry["text"] == command.MODULES[notebook].CLAIMS[claim]
        # Another machine's rounding makes another run of a seed, but one among the seeds: two of
        # them differ by 2 ** 0.5 spreads, and seldom by three times that.
        within = max(3 * 2**0.5 * entry["spread"], 0.005)
        assert abs(effects[claim] - entry["of_seeds"][seed]) <= within, claim

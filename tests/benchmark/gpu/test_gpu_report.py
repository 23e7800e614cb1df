"""The two files of a report, and the marks in it."""

import json

import pytest

from microgpt.benchmark.gpu.marks import (
    CHAR,
    COPY,
    EAGER,
    GPT2,
    HIGH,
    HIGHEST,
    LARGE_PRODUCT,
    OURS,
    PRODUCT_PEER,
    RECIPE_1,
    RECIPE_32,
    REDUCE_OVERHEAD,
    SPLIT,
    TOKENS,
    gpu_marks,
)
from microgpt.benchmark.gpu.report import MANY, GpuReport, escape
from microgpt.benchmark.gpu.rows import OK, WRONG, Row
from microgpt.errors import FormatError


def stage(*rows, state="done", error="", is_emulated=False):
    rows = [row.to_dict() for row in rows]
    return {
        "state": state, "error": error, "rows": rows, "seconds": 1.25, "is_emulated": is_emulated
    }  # fmt: skip


def figures(work, contender, seconds, precision=HIGHEST, **amounts):
    return {
        "work": work,
        "contender": contender,
        "precision": precision,
        "seconds": seconds,
    } | amounts


def text_of(tmp_path, **stages):
    report = GpuReport(tmp_path)
    report.stages = stages
    report.write()
    return report.markdown_path.read_text("utf-8")


def test_every_stage_has_its_state_and_its_rows(tmp_path):
    text = text_of(
        tmp_path,
        machine=stage(Row("device", "note", "a | b <c>")),
        replay=stage(state="failed", error="Boom: a*b"),
    )
    assert "State: done. It took 1.2 s." in text
    assert "| device | note | a \\| b &lt;c> |" in text
    assert "State: failed: Boom: a\\*b." in text
    assert text.count("Not run.") == 7
    assert "Emulated" not in text


def test_many_right_checks_are_counted_and_wrong_ones_shown(tmp_path):
    right = [Row(f"check {n}", OK, "same", {"difference": n / 1e6}) for n in range(MANY + 1)]
    text = text_of(
        tmp_path, operations=stage(*right, Row("other", WRONG, "differs"), state="wrong")
    )
    assert "21 checks are right; they differ by 2.0e-05 at most." in text
    assert "check 3" not in text
    assert "| other | wrong | differs |" in text


def test_an_emulated_stage_is_named_so(tmp_path):
    assert "no figure is a GPU's" in text_of(tmp_path, machine=stage(is_emulated=True))


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"format": 2, "stages": {}}', '"text"'])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(
        FormatError, match=r"report.json must be a report of format 1.*move it away"
    ):
        GpuReport(tmp_path)


def test_without_measurements_no_mark_has_a_value(tmp_path):
    assert {mark.met for mark in gpu_marks([{}, {"difference": 0.0}])} == {None}
    assert text_of(tmp_path).count("| not measured |") == len(gpu_marks([]))


def test_marks_compare_what_was_measured():
    found = gpu_marks(
        [
            figures(COPY, OURS, 2.0, bytes=200), figures("gelu", OURS, 4.0, bytes=300),
            figures("adamw", OURS, 7.0, bytes=700),
            figures(LARGE_PRODUCT, PRODUCT_PEER, 6.0), figures(LARGE_PRODUCT, OURS, 8.0),
            figures(LARGE_PRODUCT, OURS, 5.0, SPLIT), figures(LARGE_PRODUCT, OURS, 4.0, HIGH),
            figures(LARGE_PRODUCT, PRODUCT_PEER, 1.0, HIGH),
            figures(RECIPE_1, EAGER, 9.0), figures(RECIPE_1, OURS, 1.0),
            figures(RECIPE_32, EAGER, 11.0), figures(RECIPE_32, REDUCE_OVERHEAD, 3.0),
            figures(RECIPE_32, OURS, 1.0), figures(CHAR, EAGER, 1.0),
            figures(GPT2, EAGER, 1.0, HIGH), figures(GPT2, OURS, 1.0),
            figures(TOKENS, OURS, 0.5, tokens=20e6),
        ]
    )  # fmt: skip
    assert [(mark.value, mark.met) for mark in found] == [
        (0.75, False), (None, None), (None, None), (None, None), (1.0, True),
        (0.75, True), (1.2, True), (0.25, False),
        (9.0, False), (11.0, True), (3.0, True), (None, None), (None, None),
        (40e6, True),
    ]  # fmt: skip


def test_marks_stand_in_both_files(tmp_path):
    rows = [
        Row("a", "measured", "1 s", figures(RECIPE_1, EAGER, 9.0)),
        Row("b", "measured", "1 s", figures(RECIPE_1, OURS, 1.0)),
    ]
    text = text_of(tmp_path, training_speed=stage(*rows))
    assert (
        "| a step of microgpt, 1 text: times as fast as PyTorch eager | ≥ 10 | 9 | not met |"
        in text
    )
    marks = json.loads((tmp_path / "report.json").read_text("utf-8"))["marks"]
    assert [mark["value"] for mark in marks if mark["met"] is False] == [9.0]


def test_markdown_shows_text_as_it_is():
    assert escape("a_b|c\n`d` [e](f) <g> & \\") == "a\\_b\\|c \\`d\\` \\[e\\](f) &lt;g> &amp; \\\\"

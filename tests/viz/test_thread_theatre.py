"""The pictures and sentences of the thread theatre, from scenes made by hand."""

import re
from dataclasses import replace

import pytest

from microgpt.viz.drawing import POINTS_PER_PIXEL, Circle, Line, Rect, Text
from microgpt.viz.figure import CaptionedFigure
from microgpt.viz.thread_theatre import (
    CHANGES,
    ENDED,
    READS,
    READY,
    WAITS,
    WRITES,
    AccessRow,
    ArrayPicture,
    Cell,
    ClashNote,
    CodeLine,
    OrderResult,
    Scene,
    StepNote,
    ThreadBlock,
    Traffic,
    Verdict,
    accesses_table,
    draw_theatre,
    question,
    range_text,
    render_limits,
    render_theatre,
    step_text,
    theatre_caption,
)
from microgpt.viz.thread_theatre.page import MAX_ROWS
from microgpt.viz.thread_theatre.stage import arrays_in_order, clash_lines
from microgpt.viz.thread_theatre.still import CODE_SIZE
from microgpt.viz.thread_theatre.verdicts import verdict_text
from microgpt.viz.thread_theatre.wording import (
    VERDICTS,
    array_note,
    code_pieces,
    number_ranges,
    traffic_text,
)

STEP = StepNote(3, READS, "threads 0 to 3", "s[4] to s[7]", True, "shared", "", 1, 1)
PLAIN, NOW = Cell(), Cell(was_read=True, is_now=True)
S = ArrayPicture("s", (8,), 0, 32, (*[Cell(was_written=True)] * 4, *[NOW] * 3, Cell(is_empty=True)))
OUT = ArrayPicture("out", (1,), None, 32, (PLAIN,))
SCENE = Scene(
    name="sum", order="in step", num_threads=8,
    code=(
        CodeLine(1, "def total(out, x):", False), CodeLine(2, "    if x[0] < 3:", True),
        CodeLine(3, "        s[t] += s[t + 4]", True),
    ),
    line=3, blocks=(ThreadBlock(0, 32, (*[READS] * 4, WAITS, WAITS, ENDED, READY)),),
    arrays=(S, OUT), step=STEP, phase=2, num_phases=4, access=2, num_accesses=3,
    verdicts=(Verdict("race", False), Verdict("barrier", False)), findings=(), finding_phases=(),
    results=tuple(OrderResult(one, True, "out = 36") for one in ("forwards", "in step")),
    expected="36", orders_agree=True,
    total=Traffic(8, 1, 2, 2, 15, 15, 7, 7), line_traffic=Traffic(shared_reads=14, passes=6),
    num_barriers=3, has_counts=True,
)  # fmt: skip
RACE = replace(
    SCENE, verdicts=(Verdict("race", True), Verdict("barrier", False)),
    findings=("line 3: thread 4 writes s[4], and thread 0 reads it (line 2); put a barrier there",),
    finding_phases=(2,), orders_agree=False,
    results=(
        OrderResult("forwards", True, "out = 36"), OrderResult("in step", False, "out = 7")
    ),
    arrays=(
        S._replace(
            cells=(Cell(was_read=True, was_written=True, is_clash=True), *S.cells[1:]),
            clashes=(ClashNote(0, "s[0]", "thread 4 writes", "thread 0 reads"),),
        ),
        OUT,
    ),
)  # fmt: skip


def text_of(html):
    return re.sub(r"<[^>]*>", "|", html)


# -- sentences -------------------------------------------------------------------------------------


def test_the_caption_tells_this_access_this_phase_and_the_run():
    assert theatre_caption(SCENE) == (
        "Phase 2, line 3: threads 0 to 3 read s[4] to s[7]: 1 pass. No two threads clash in this "
        "phase. The result is right in all three orders, and the interpreter reports nothing. The "
        "interpreter saw this input and these sizes; it cannot see time."
    )


def test_a_finding_and_the_orders_in_which_the_result_is_right():
    assert theatre_caption(RACE) == (
        "Phase 2, line 3: threads 0 to 3 read s[4] to s[7]: 1 pass. Interpreter, line 3: thread 4 "
        "writes s[4], and thread 0 reads it (line 2); put a barrier there. The result is right "
        "forwards, wrong in step; the interpreter reports a race. The interpreter saw this input "
        "and these sizes; it cannot see time."
    )


def test_phases_with_findings_are_named_where_another_is_shown():
    elsewhere = replace(RACE, findings=(), finding_phases=(3,))
    assert "the interpreter reports a race in phase 3." in theatre_caption(elsewhere)
    twice = replace(elsewhere, finding_phases=(3, 4))
    assert "the interpreter reports a race in phases 3 and 4." in theatre_caption(twice)


def test_a_result_that_nobody_can_judge():
    unknown = tuple(one._replace(is_right=None) for one in SCENE.results)
    same = replace(SCENE, results=unknown)
    assert "The result is the same in all three orders, and" in theatre_caption(same)
    differs = replace(same, orders_agree=False)
    assert "The result depends on the order, and" in theatre_caption(differs)


def test_a_wrong_result_without_a_finding():
    wrong = replace(SCENE, results=(OrderResult("in step", False, "out = 7"),))
    assert "wrong in all three orders, and the interpreter reports nothing: it does not check" in (
        theatre_caption(wrong)
    )


def test_a_phase_without_accesses():
    silent = replace(SCENE, step=None, access=0, num_accesses=0, line=None)
    assert theatre_caption(silent).startswith("Phase 2: no thread touches memory. No two")
    assert render_theatre(silent).html
    assert draw_theatre(silent).png()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "threads 0 to 3 read s[4] to s[7]: 1 pass"),
        ({"value": "5"}, "threads 0 to 3 read 5 from s[4] to s[7]: 1 pass"),
        ({"operation": WRITES, "value": "5"}, "threads 0 to 3 write 5 into s[4] to s[7]: 1 pass"),
        ({"operation": WRITES, "cost": None}, "threads 0 to 3 write s[4] to s[7]"),
        (
            {"operation": CHANGES, "elements": "c[0]", "cost": None, "value": "1"},
            "threads 0 to 3 change c[0] atomically",
        ),
        (
            {"is_plural": False, "threads": "thread 2", "elements": "s[6]", "cost": None},
            "thread 2 reads s[6]",
        ),
        (
            {"is_unwritten": True, "value": "-2.6e36", "cost": None},
            "threads 0 to 3 read s[4] to s[7], which nobody has written: shared memory begins with "
            "anything",
        ),
        ({"cost": 4}, "threads 0 to 3 read s[4] to s[7]: 4 passes where 1 would do"),
        (
            {"cost": 4, "space": "global"},
            "threads 0 to 3 read s[4] to s[7]: 4 sectors where 1 would do",
        ),
    ],
)  # fmt: skip
def test_a_step_in_words(changes, text):
    assert step_text(STEP._replace(**changes)) == text


def test_the_question_names_the_phase_where_there_are_several():
    assert question(SCENE) == "What do 8 threads do in phase 2 of 4?"
    assert question(replace(SCENE, num_phases=1)) == "What do 8 threads do?"
    assert question(replace(SCENE, num_phases=1, num_threads=1)) == "What does 1 thread do?"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([3], "#3"), ([1, 0, 2, 2], "#0 to #2"), ([0, 1, 5], "#0 to #1 and #5"),
        ([0, 2, 4, 6, 8], "#0, #2, … #8"), ([0, 2, 3, 7, 9, 20], "6 of them"),
    ],
)  # fmt: skip
def test_numbers_in_a_row(numbers, text):
    assert range_text(numbers, lambda n: f"#{n}", lambda n: f"{n} of them") == text


def test_ranges_of_numbers():
    assert number_ranges([5, 1, 2, 9, 3, 2]) == [(1, 3), (5, 5), (9, 9)]


@pytest.mark.parametrize(
    ("traffic", "text"),
    [
        (Traffic(), "touches no memory"),
        (Traffic(loads=1, sectors=1, min_sectors=1), "1 load: 1 sector"),
        (
            Traffic(64, 1, 9, 9, 1_270, 127, 1_021, 21),
            "64 loads, 1 store: 9 sectors · 1,270 shared reads, 127 shared writes: 1,021 passes "
            "where 21 would do",
        ),
    ],
)
def test_counts_in_words(traffic, text):
    assert traffic_text(traffic) == text


def test_notes_of_arrays():
    assert array_note(OUT) == "1 number, global"
    assert array_note(S) == "8 numbers, shared, block 0"
    banks = S._replace(shape=(64,), cells=(PLAIN,) * 64)
    assert array_note(banks, has_counts=True) == "64 numbers, shared, block 0, one bank a column"
    assert array_note(banks) == "64 numbers, shared, block 0"
    table = ArrayPicture("left", (8, 8), 1, 8, (PLAIN,) * 64)
    assert array_note(table) == "8 × 8, block 1"
    assert array_note(OUT._replace(shape=(640,), per_cell=10)) == "640 numbers, global, 10 a cell"


def test_every_type_of_finding_has_words():
    from microgpt.interpreter import FINDING_TYPES

    assert set(VERDICTS) == set(FINDING_TYPES)


# -- the picture -----------------------------------------------------------------------------------


def test_lines_are_buttons_and_only_the_chosen_one_is_reached_with_tab():
    html = render_theatre(SCENE).html
    assert [html.count(f'data-pick="{number}"') for number in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert html.count('aria-pressed="true"') == html.count('role="button" tabindex="0"') == 1
    assert 'tabindex="0" data-pick="3"' in html
    nowhere = render_theatre(replace(SCENE, line=None)).html
    assert 'tabindex="0" data-pick="1"' in nowhere
    assert 'aria-pressed="true"' not in nowhere


def test_a_line_of_code_may_be_broken_after_a_bracket_and_not_after_def():
    assert code_pieces("def f(out, x):") == ["def f(", "out, ", "x):"]
    assert code_pieces("s = cuda.shared.array(64, f32)") == [
        "s ", "= ", "cuda.shared.array(", "64, ", "f32)",
    ]  # fmt: skip
    html = render_theatre(SCENE).html
    assert "def\u00a0total(<wbr>out, x):" in html
    assert html.count("<wbr>") == 1


def test_in_the_still_picture_code_stays_in_its_column():
    long = "        " + " + ".join(["num", "warm", "power", "me", "columns", "grand"] * 3)
    name = "def sum_with_guard_around_everything(out, x):"
    scene = replace(SCENE, code=(CodeLine(1, name, False), CodeLine(3, long, True)))
    drawing = draw_theatre(scene)
    lines = [one for one in drawing.shapes if isinstance(one, Text) and one.size == CODE_SIZE]
    code = [one for one in lines if not one.text.isdigit()]
    assert [one.text for one in code[:2]] == ["def sum_with_guard_around_", "everything(out, x):"]
    assert " ".join(one.text for one in code[2:]) == long.strip()
    highlight = next(one for one in drawing.shapes if isinstance(one, Rect) and one.fill == "soft")
    axes = CaptionedFigure(figsize=(7.2, 4), dpi=100).add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 720), ylim=(400, 0))
    for one in code:
        drawn = axes.text(
            one.x, one.y, one.text, fontsize=one.size * POINTS_PER_PIXEL, fontweight=one.weight
        )
        assert drawn.get_window_extent().x1 <= highlight.x + highlight.width + 2, one.text


def test_a_thread_and_a_cell_have_marks_of_their_own():
    html = render_theatre(SCENE).html
    for state, count in ((READS, 4), (WAITS, 2), (ENDED, 1), (READY, 1)):
        in_key = state in (READS, WAITS, ENDED)
        assert html.count(f'class="mg-thread mg-{state}"') == count + in_key
    assert html.count('class="mg-cell mg-read mg-now"') == 3
    assert html.count('class="mg-cell mg-written"') == 4
    assert html.count('class="mg-cell mg-empty"') == 1 + 1
    assert 'aria-label="block 0: 4 reads, 2 waits, 1 ended and 1 ready"' in html


def test_the_key_tells_what_is_empty_only_where_something_is():
    full = replace(SCENE, arrays=(OUT,))
    assert "not written yet: holds anything" in text_of(render_theatre(SCENE).html)
    assert "not written yet" not in text_of(render_theatre(full).html)


def test_a_clash_is_crossed_and_told_in_words():
    html = render_theatre(RACE).html
    assert html.count("mg-clash") - html.count("mg-clash-note") == 1 + 1 + 1  # cell, key, note
    assert html.count("s[0]: thread 4 writes, thread 0 reads") == 2
    assert 'mg-clash" title="s[0]: thread 4 writes, thread 0 reads"' in html
    many = S._replace(clashes=(ClashNote(0, "s[0]", "a", "b"),) * 5)
    assert clash_lines(many) == ["s[0]: a, b"] * 2 + ["and 3 more"]
    assert "✕ s[0]: thread 4 writes, thread 0 reads" in draw_theatre(RACE).texts()


def test_the_interpreter_and_the_results_have_a_sign_beside_the_colour():
    shown = text_of(render_theatre(RACE).html)
    for text in ("✗ race", "✓ every barrier reached", "✓ forwards: out = 36",
                 "✗ in step: out = 7, not 36"):  # fmt: skip
        assert f"|{text}|" in shown
        assert text in draw_theatre(RACE).texts()
    assert "|8 loads, 1 store: 2 sectors · 15 shared reads" in shown
    assert "|Line 3|" in shown


def test_a_read_of_nothing_that_is_part_of_a_race_is_neither_right_nor_wrong():
    scene = replace(RACE, verdicts=(Verdict("race", True), Verdict("unwritten", False, "race")))
    assert verdict_text(scene.verdicts[1]) == "\u2013 read before written: see race"
    assert '<span class="mg-open">\u2013 read before written: see race' in (
        render_theatre(scene).html
    )
    assert verdict_text(scene.verdicts[1]) in draw_theatre(scene).texts()


def test_counts_are_shown_only_where_asked_for():
    plain = replace(SCENE, has_counts=False)
    shown = text_of(render_theatre(plain).html) + " ".join(draw_theatre(plain).texts())
    for word in ("sector", "pass", "bank", "loads", "shared reads", "All lines"):
        assert word not in shown + theatre_caption(plain)
    assert "sector" in text_of(render_theatre(SCENE).html)


def test_a_view_of_answers_says_so():
    text = "This view shows answers to exercise 14.block_sum, right ones and wrong ones."
    answers = replace(SCENE, exercise="14.block_sum")
    assert text in text_of(render_theatre(answers).html)
    assert text in draw_theatre(answers).texts()
    assert "exercise" not in text_of(render_theatre(SCENE).html)


def test_what_happens_now_fades_in_only_if_it_is_new():
    assert "mg-fresh" not in render_theatre(SCENE).html
    assert "mg-fresh" not in render_theatre(SCENE, SCENE).html
    assert "mg-fresh" in render_theatre(SCENE, replace(SCENE, access=1)).html
    assert "mg-fresh" in render_theatre(SCENE, replace(SCENE, phase=1)).html


def test_many_tables_are_small_and_those_of_all_blocks_come_first():
    left = ArrayPicture("left", (8, 8), 0, 8, (PLAIN,) * 64)
    a, out = (left._replace(name=name, block=None) for name in ("a", "out"))
    scene = replace(SCENE, arrays=(a, left, left._replace(block=1), out))
    assert [one.name for one in arrays_in_order(scene)] == ["a", "out", "left", "left"]
    assert "mg-small" in render_theatre(scene).html
    assert "mg-small" not in render_theatre(SCENE).html
    assert draw_theatre(scene).png()


def test_hostile_texts_are_escaped():
    hostile = "<img src=x onerror=alert(1)>"
    scene = replace(
        RACE, name=hostile, code=(CodeLine(3, hostile, True),), expected=hostile,
        arrays=(S._replace(name=hostile, clashes=(ClashNote(0, hostile, hostile, hostile),)),),
        findings=(hostile,), step=STEP._replace(elements=hostile),
    )  # fmt: skip
    assert "<img" not in render_theatre(scene).html
    row = AccessRow(1, hostile, 1, hostile, hostile, hostile)
    assert "<img" not in accesses_table(1, [row])


def test_a_long_table_says_how_much_is_left_out():
    rows = [AccessRow(2, "1 of block 0", 3, "reads", "s[1]", "5")] * (MAX_ROWS + 7)
    table = accesses_table(2, rows)
    assert table.count("<tr>") == MAX_ROWS + 1
    assert f"phase 2: the first {MAX_ROWS} accesses, 7 more" in table
    assert "all accesses" in accesses_table(2, rows[:3])


def test_the_limits_are_a_list():
    assert render_limits().count("<li>") == 6
    assert "occupancy" in render_limits()


def test_the_still_picture_has_the_code_and_marks():
    drawing = draw_theatre(SCENE)
    for text in ("def total(out, x):", "s[t] += s[t + 4]", question(SCENE)):
        assert text in drawing.texts()
    dots = [one for one in drawing.shapes if isinstance(one, Circle) and one.fill == "data"]
    assert len(dots) == 4 + 3 + 1  # threads, cells, the key
    assert drawing.png()


def test_the_still_picture_of_a_full_stage_has_few_shapes():
    full = ThreadBlock(0, 32, (READY,) * 64)
    cells = (PLAIN,) * 256
    scene = replace(SCENE, blocks=(full, full), arrays=(S._replace(cells=cells, shape=(256,)),) * 3)
    plain = [one for one in draw_theatre(scene).shapes if not isinstance(one, Line)]
    assert len(plain) < 150

"""The thread theatre: its kernels and controls, what it refuses, and what it says."""

import ipywidgets
import numpy as np
import pytest

import microgpt as mg
from microgpt.interpreter import ORDERS
from microgpt.interpreter.gallery import KERNELS, TASKS
from microgpt.widgets import panel as panel_module
from microgpt.widgets.theatre_kernels import GalleryChoice
from microgpt.widgets.theatre_state import start_state

cuda, f32 = mg.interpreter.cuda, np.float32
FORWARDS, BACKWARDS, IN_STEP = ORDERS
LIMITS = "The interpreter saw this input and these sizes; it cannot see time."


@pytest.fixture(autouse=True)
def no_errors(monkeypatch):
    monkeypatch.setattr(panel_module, "MOTION_PAUSE", 1e9)  # so that pictures can be compared
    yield
    assert mg.widgets.errors() == []


@pytest.fixture
def view():
    return mg.widgets.ThreadTheatre("block sum", counts=True)


def double(out, x):
    i = cuda.grid(1)
    if i < x.size:
        out[i] = x[i] + x[i]


def endless(out, x):
    while True:
        out[0] = x[0]


def endless_without_accesses(out, x):
    n = 1
    while n > 0:
        n += 1


def raises(out, x):
    out[0] = x[0] // (cuda.threadIdx.x - cuda.threadIdx.x)
    raise ValueError("no")


def arrays(size=13):
    return np.zeros(size, f32), np.arange(size, dtype=f32)


def own_view(**options):
    settings = {"blocks": 2, "threads": 8, "arguments": arrays()} | options
    return mg.widgets.ThreadTheatre(double, **settings)


# -- opening ---------------------------------------------------------------------------------------


def test_it_opens_at_the_first_access_in_step(view):
    assert view.caption == (
        "Phase 1, line 5: all 64 threads read x[0] to x[63]: 8 sectors. No two threads clash in "
        "this phase. The result is right in all three orders, and the interpreter reports nothing. "
        f"{LIMITS}"
    )
    assert (view.phase_slider.value, view.phase_slider.box.max) == (1, 8)
    assert (view.access_slider.value, view.access_slider.box.max) == (1, 2)
    assert view.phase_slider.box.description == "Phase (of 8)"
    assert view.order_select.value == IN_STEP
    assert view.line_box.value == 5
    assert view.back_button.disabled
    assert view.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_of_the_gallery_opens(name):
    view = mg.widgets.ThreadTheatre(name)
    kernel = KERNELS[name]
    assert view.kernel_select.value == kernel.task.name
    assert view.version_select.value == name
    assert view.caption.endswith(LIMITS)
    assert view.message == ""
    if kernel.is_right:
        assert "The result is right in all three orders, and the interpreter reports nothing" in (
            view.caption
        )


@pytest.mark.parametrize("name", KERNELS)
def test_the_verdict_and_the_counts_depend_on_no_order(name):
    runs = start_state(GalleryChoice.of(KERNELS[name])).runs
    verdicts = {frozenset(one.type for one in run.report.findings) for run in runs.values()}
    assert len(verdicts) == 1
    if KERNELS[name].is_right:
        assert verdicts == {frozenset()}
        assert len({run.traffic for run in runs.values()}) == 1


@pytest.mark.parametrize("name", ["block sum", "block_sum", " Block Sum "])
def test_a_kernel_is_found_by_its_name(name):
    assert mg.widgets.ThreadTheatre(name).version_select.value == "block_sum"


def test_a_kernel_of_ones_own_and_its_arrays_stay_as_they_are():
    out, x = arrays()
    view = mg.widgets.ThreadTheatre(double, blocks=2, threads=8, arguments=(out, x))
    assert not out.any()
    first_line = double.__code__.co_firstlineno
    assert f"line {first_line + 3}: all 8 threads of block 0 and threads 0 to 4 of block 1" in (
        view.caption
    )
    assert "The result is the same in all three orders" in view.caption
    assert view.kernel_select.value == ""
    assert view.kernel_select.label == "mine: double"
    assert view.version_select.layout.display == "none"


def test_beside_a_kernel_of_ones_own_the_menu_gives_no_answer_away():
    view = own_view()
    assert view.kernel_select.options == (("mine: double", ""),)
    assert view.version_select.options == ()
    assert "answers to exercise" not in view.picture.value


def test_the_menu_of_a_kernel_of_the_gallery_offers_its_task_alone_and_says_what_it_gives_away():
    view = mg.widgets.ThreadTheatre("sum without first barrier")
    assert view.kernel_select.options == (("Sum of a block", "block_sum"),)
    assert "This view shows answers to exercise 14.block_sum" in view.picture.value
    assert {KERNELS[name].task.name for _, name in view.version_select.options} == {"block_sum"}


def test_ones_own_kernel_and_back():
    view = mg.widgets.ThreadTheatre("add")
    picture = view.picture.value
    view.show_kernel(double, blocks=2, threads=8, arguments=arrays())
    assert view.kernel_select.label == "mine: double"
    view.kernel_select.value = "add"
    assert view.version_select.value == "add"
    assert view.version_select.layout.display is None
    assert view.picture.value == picture


def test_the_counts_are_shown_only_where_asked_for(view):
    plain = mg.widgets.ThreadTheatre("block sum")
    for word in ("sector", "pass", "bank", "loads"):
        assert word not in plain.picture.value + plain.caption
        assert word in view.picture.value


# -- moving through the run ------------------------------------------------------------------------


def test_sliders_move_through_phases_and_accesses(view):
    view.phase_slider.slider.value = 3
    view.access_slider.box.value = 3
    assert view.caption.startswith(
        "Phase 3, line 10: threads 0 to 15 write part[0] to part[15]: 1 pass."
    )
    assert (view.state.phase, view.state.step) == (2, 2)
    assert "What do 64 threads do in phase 3 of 8?" in view.picture.value
    view.phase_slider.slider.value = 8
    assert (view.access_slider.value, view.access_slider.box.max) == (1, 2)
    assert view.caption.startswith("Phase 8, line 14: thread 0 reads")


def test_next_and_back_visit_the_same_pictures(view):
    pictures = []
    while not view.next_button.disabled:
        pictures.append(view.picture.value)
        view.next_button.click()
    assert len(pictures) + 1 == sum(map(len, view.state.run.phases)) == 2 + 6 * 3 + 2
    while pictures:
        view.back_button.click()
        assert view.picture.value == pictures.pop()
    assert view.back_button.disabled


def test_moving_does_not_run_the_kernel_again(view):
    runs = view.state.runs
    view.next_button.click()
    view.phase_slider.slider.value = 4
    view.order_select.value = BACKWARDS
    view.line_box.value = 10
    assert view.state.runs is runs
    view.again_button.click()
    assert view.state.runs is not runs


def test_a_line_shows_its_next_access(view):
    view.line_box.value = 10
    assert (view.state.phase, view.state.step) == (1, 0)
    assert view.phase_slider.value == 2
    view.phase_slider.slider.value = 3
    view.line_box.value = 5
    view.phase_slider.slider.value = 4
    view.line_box.value = 10
    assert view.state.phase == 3
    view.phase_slider.slider.value = 8
    view.line_box.value = 10  # there is none from here on
    assert view.state.phase == 1
    view.line_box.value = 11  # touches no memory
    assert view.state.line == 11
    assert "touches no memory" in view.picture.value
    view.next_button.click()
    assert view.state.line == 10


def test_in_turn_each_thread_ends_its_phase_before_the_next(view):
    view.order_select.value = FORWARDS
    assert view.access_slider.box.max == 128
    assert view.caption.startswith("Phase 1, line 5: thread 0 reads")
    view.access_slider.box.value = 3
    assert view.caption.startswith("Phase 1, line 5: thread 1 reads")
    assert view.state.scene.blocks[0].states[:3] == ("waits", "reads", "ready")
    view.order_select.value = BACKWARDS
    assert view.caption.startswith("Phase 1, line 5: thread 63 reads")


def test_start_over_brings_new_numbers_and_the_same_again():
    view, other = mg.widgets.ThreadTheatre(), mg.widgets.ThreadTheatre()
    first = view.state.launch.arguments[1].copy()
    for one in (view, other):
        one.phase_slider.slider.value = 5
        one.again_button.click()
    assert view.state.phase == 0
    assert not np.array_equal(view.state.launch.arguments[1], first)
    assert np.array_equal(view.state.launch.arguments[1], other.state.launch.arguments[1])


def test_the_order_stays_and_so_do_the_arrays_that_were_given():
    out, x = arrays()
    view = mg.widgets.ThreadTheatre(double, blocks=2, threads=8, arguments=(out, x))
    view.order_select.value = BACKWARDS
    caption = view.caption
    x[:] = 7
    view.again_button.click()
    assert view.caption == caption
    assert view.order_select.value == BACKWARDS


# -- what it says ----------------------------------------------------------------------------------


def test_a_race_is_told_with_the_orders_in_which_the_result_is_right():
    view = mg.widgets.ThreadTheatre("sum without first barrier")
    assert (
        "The result is right backwards and in step, wrong forwards; the interpreter reports a race"
        in (view.caption)
    )
    view.order_select.value = FORWARDS
    assert (
        "Interpreter, line 5: thread 32 writes part[32], and thread 0 reads it (line 9); nothing "
        "between the two lines orders them: put cuda.syncthreads() there." in view.caption
    )
    view.access_slider.box.value = view.access_slider.box.max
    notes = next(one for one in view.state.scene.arrays if one.name == "part").clashes
    assert (32, "part[32]", "thread 0 reads", "thread 32 writes") in notes
    assert "part[32]: thread 0 reads, thread 32 writes" in view.picture.value


@pytest.mark.parametrize("order", [FORWARDS, BACKWARDS])
def test_another_order_opens_at_its_first_clash(order):
    view = mg.widgets.ThreadTheatre("sum without first barrier")
    view.order_select.value = order

    def num_crossed():
        return sum(cell.is_clash for one in view.state.scene.arrays for cell in one.cells)

    assert num_crossed() == 1
    assert 1 < view.access_slider.value < view.access_slider.box.max
    view.back_button.click()
    assert num_crossed() == 0
    view.access_slider.box.value = view.access_slider.box.max
    assert num_crossed() == 32


def test_the_first_clash_may_be_in_another_phase():
    view = mg.widgets.ThreadTheatre("sum without barrier in loop")
    view.order_select.value = FORWARDS
    assert view.phase_slider.value == 2
    part = next(one for one in view.state.scene.arrays if one.name == "part")
    assert len(part.clashes) == 1


def test_without_a_clash_the_phase_stays(view):
    view.phase_slider.slider.value = 3
    view.access_slider.box.value = 2
    view.order_select.value = FORWARDS
    assert (view.phase_slider.value, view.access_slider.value) == (3, 1)


def test_a_read_of_what_a_racing_thread_had_not_written_is_told():
    view = mg.widgets.ThreadTheatre("sum without first barrier")
    assert "\u2013 read before written: see race" in view.picture.value
    assert "\u2713 written before read" not in view.picture.value
    view.order_select.value = FORWARDS
    view.access_slider.box.value = 4
    assert view.caption.startswith(
        "Phase 1, line 9: thread 0 reads part[32], which nobody has written: shared memory "
        "begins with anything."
    )
    right = mg.widgets.ThreadTheatre("block sum")
    assert "\u2713 written before read" in right.picture.value
    unwritten = mg.widgets.ThreadTheatre("sum without zeros")
    unwritten.size_boxes[0].value = 13
    assert "\u2717 read before written" in unwritten.picture.value


def test_a_clash_is_drawn_once_both_threads_were_there():
    view = mg.widgets.ThreadTheatre("sum in one element")
    view.phase_slider.slider.value = 2

    def clashes():
        return [cell.is_clash for one in view.state.scene.arrays if one.name == "part"
                for cell in one.cells]  # fmt: skip

    drawn = []
    for number in range(1, int(view.access_slider.box.max) + 1):
        view.access_slider.box.value = number
        drawn.append(clashes())
    assert drawn == [[False], [False], [True]]
    view.phase_slider.slider.value = 3
    assert clashes() == [False]


def test_findings_in_other_phases_are_named():
    view = mg.widgets.ThreadTheatre("sum without barrier in loop")
    assert "No two threads clash in this phase." in view.caption
    assert "the interpreter reports a race in phase 2." in view.caption


def test_a_wrong_result_without_a_finding_is_said_to_be_beyond_the_interpreter():
    view = mg.widgets.ThreadTheatre("matmul_of_one_tile")
    assert "wrong in all three orders, and the interpreter reports nothing: it does not check" in (
        view.caption
    )


def test_threads_that_wait_and_threads_that_have_ended():
    view = mg.widgets.ThreadTheatre("sum with barrier in branch")
    view.phase_slider.slider.value = 3
    view.access_slider.box.value = 3
    states = view.state.scene.blocks[0].states
    assert states[:16] == ("writes",) * 16
    assert set(states[32:]) == {"ended"}
    assert "barrier missed" in view.picture.value


def test_memory_that_nobody_has_written_is_empty():
    view = mg.widgets.ThreadTheatre()

    def empty():
        return sum(cell.is_empty for one in view.state.scene.arrays for cell in one.cells)

    assert empty() == 64
    view.next_button.click()
    assert empty() == 0


def test_the_numbers_table_lists_the_accesses_of_the_phase(view):
    view.phase_slider.slider.value = 8
    view.numbers.toggle.value = True
    table = view.numbers.content.value
    assert "<td>part[0]</td>" in table.replace(' class="mg-text"', "")
    assert table.count("<tr>") == 3


def test_what_the_interpreter_cannot_see_unfolds(view):
    view.limits.toggle.value = True
    assert "occupancy" in view.limits.content.value
    assert view.limits.content.layout.display == ""


# -- sizes -----------------------------------------------------------------------------------------


def test_sizes_run_the_kernel_anew_and_blocks_follow(view):
    view.size_boxes[0].value = 100
    assert [len(block.states) for block in view.state.scene.blocks] == [64, 64]
    assert "right in all three orders" in view.caption
    view.threads_box.value = 8
    assert "need 13 blocks" in view.message
    view.size_boxes[0].value = 13  # with the 8 threads that did not fit before
    assert view.message == ""
    assert [len(block.states) for block in view.state.scene.blocks] == [8, 8]


def test_a_kernel_that_is_right_for_the_sizes_one_tried():
    view = mg.widgets.ThreadTheatre("sum with guard around everything")
    assert "the interpreter reports nothing" in view.caption
    view.size_boxes[0].value = 100
    assert "the interpreter reports a missed barrier" in view.caption


def test_each_task_has_its_size_boxes():
    for task in TASKS.values():
        view = mg.widgets.ThreadTheatre(task.name)
        shown = [box for box in view.size_boxes if box.layout.display is None]
        assert [box.value for box in shown] == list(task.sizes)
        assert view.threads_box.disabled == (len(task.block) > 1)
    assert [box.description for box in view.size_boxes][:2] == ["rows", "C"]


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda view: setattr(view.threads_box, "value", 65), "from 1 to 64 a block"),
        (lambda view: setattr(view.threads_box, "value", 0), "from 1 to 64 a block"),
        (lambda view: setattr(view.size_boxes[0], "value", 129), "need 3 blocks"),
        (lambda view: setattr(view.size_boxes[0], "value", 0), "numbers must be at least 1"),
        (lambda view: view.show_kernel(endless, arguments=arrays()), "did not end within 60,000"),
        (
            lambda view: view.show_kernel(endless_without_accesses, arguments=arrays()),
            "did not end within 60,000",
        ),
        (lambda view: view.show_kernel(raises, arguments=arrays()), "raises"),
        (lambda view: view.show_kernel(lambda out, x: None, arguments=arrays()), "`def`"),
        (lambda view: view.show_kernel(3), "a Python function"),
        (lambda view: view.show_kernel(double, threads=65, arguments=arrays()), "from 1 to 64"),
        (lambda view: view.show_kernel(double, blocks=3, arguments=arrays()), "at most 2"),
        (lambda view: view.show_kernel(double, blocks=-1, arguments=arrays()), "positive"),
        (lambda view: view.show_kernel(double), "2 of them, (out, x)"),
    ],
)  # fmt: skip
def test_what_is_refused_leaves_the_picture(view, change, sentence):
    view.next_button.click()
    picture = view.picture.value
    change(view)
    assert sentence in view.caption
    assert "\n" not in view.caption
    assert view.picture.value == picture
    view.next_button.click()
    assert view.message == ""


@pytest.mark.parametrize("make", [
    lambda: mg.widgets.ThreadTheatre("blok sum"),
    lambda: mg.widgets.ThreadTheatre(lambda out: None, arguments=arrays()[:1]),
    lambda: mg.widgets.ThreadTheatre(endless, arguments=arrays()),
    lambda: mg.widgets.ThreadTheatre(double, threads=65, arguments=arrays()),
])  # fmt: skip
def test_at_the_opening_one_sentence_is_raised(make):
    with pytest.raises(mg.MicrogptError) as raised:
        make()
    assert "\n" not in str(raised.value)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(mg.SettingError, match="did you mean 'block_sum'"):
        mg.widgets.ThreadTheatre("blok sum")


def test_names_are_shown_as_text():
    def hostile(out, x):
        out[cuda.threadIdx.x] = x[cuda.threadIdx.x]  # <b>bold</b>

    hostile.__name__ = "<script>"
    view = mg.widgets.ThreadTheatre(hostile, threads=4, arguments=arrays())
    assert "<script>" not in view.picture.value
    assert "<b>bold" not in view.picture.value
    assert view.png()


# -- running the cell again ------------------------------------------------------------------------


def test_the_same_cell_goes_on_where_it_was(cell):
    view = mg.widgets.ThreadTheatre("block sum")
    view.version_select.value = "sum_in_output"
    view.next_button.click()
    cell()
    again = mg.widgets.ThreadTheatre("block sum")
    assert again.version_select.value == "sum_in_output"
    assert again.caption == view.caption


def test_a_kernel_of_ones_own_is_run_again_at_the_same_moment(cell):
    view = own_view()
    view.order_select.value = FORWARDS
    view.access_slider.box.value = 4
    cell()
    again = own_view()
    assert again.caption == view.caption
    assert again.state.runs is not view.state.runs
    cell()
    assert own_view(threads=4).state.step == 0


def test_all_controls_have_a_label(view):
    def inside(widget):
        if isinstance(widget, ipywidgets.Box):
            for child in widget.children:
                yield from inside(child)
        else:
            yield widget

    shown = [
        one for one in inside(view.box)
        if not isinstance(one, ipywidgets.HTML | ipywidgets.IntSlider)
        and one.layout.display != "none"
    ]  # fmt: skip
    assert len(shown) == 13
    assert all(one.description for one in shown)

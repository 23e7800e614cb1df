"""Panels: callbacks on several threads, and moves that come faster than pictures."""

import threading

import ipywidgets
import pytest
from waiting import wait_until

import microgpt as mg
from microgpt.viz.drawing import Drawing
from microgpt.viz.html import Rendered, tag
from microgpt.widgets import panel as panel_module
from microgpt.widgets.logits_source import zipf_logits
from microgpt.widgets.panel import Panel


class SlowView:
    """A view moved in the browser, whose first redraw lasts until `finish`."""

    def __init__(self, monkeypatch):
        logits = zipf_logits(27).logits
        self.panel = mg.widgets.SamplingExplorer(logits=logits, sliders=("temperature", "top_k"))
        monkeypatch.setattr(panel_module, "in_control_message", lambda: True)
        self.drawn, self.drawing, self._go = [], threading.Event(), threading.Event()
        self._render, self.panel.render = self.panel.render, self._count

    def _count(self, state, before):
        self.drawing.set()
        assert self._go.wait(20)
        self.drawn.append(state)
        return self._render(state, before)

    def start(self):
        """Move the dart, and return while that is being drawn."""
        self.panel.u_slider.slider.value = 0.5
        assert self.drawing.wait(20)

    def finish(self):
        self._go.set()
        wait_until(lambda: not self.panel._moves._is_running)


@pytest.fixture
def view(monkeypatch):
    view = SlowView(monkeypatch)
    yield view
    view.finish()
    assert mg.widgets.errors() == []


def test_of_forty_quick_moves_the_first_and_the_last_are_drawn(view):
    view.start()
    slider = view.panel.sliders["temperature"]
    for number in range(40):  # none waits for the picture
        slider.slider.value = round(0.05 * (number + 1) % 1.95, 2)
    last = slider.slider.value
    assert view.drawn == []
    view.finish()
    assert [state.params.temperature for state in view.drawn] == [1.0, last]
    assert slider.value == slider.slider.value == slider.box.value == last


def test_a_move_does_not_drop_another_controls_move(view):
    view.start()
    view.panel.sliders["temperature"].slider.value = 0.5
    view.panel.sliders["top_k"].slider.value = 3
    view.panel.sliders["temperature"].slider.value = 0.75
    view.panel.seed_box.value = 9
    view.finish()
    assert len(view.drawn) == 2
    state = view.panel.state
    assert (state.params.temperature, state.params.top_k, state.seed) == (0.75, 3, 9)


def test_waiting_moves_are_made_in_the_order_of_their_last(view):
    """Another model empties the prompt, so a prompt typed after it must come after it."""
    made = []

    def move(control, number):
        view.panel.on_move(control, lambda state: made.append((control, number)) or state)

    view.start()
    for number, control in enumerate(["prompt", "model", "prompt", "seed"]):
        move(control, number)
    view.finish()
    assert made == [("model", 1), ("prompt", 2), ("seed", 3)]


def test_a_slider_that_is_back_where_it_was_stays_there(view):
    view.start()
    slider = view.panel.sliders["temperature"]
    slider.slider.value = 0.5
    slider.slider.value = 1.0
    view.finish()
    assert view.panel.state.params.temperature == slider.slider.value == 1.0


def test_a_stale_picture_does_not_move_a_control_back(view):
    view.start()
    slider, shown = view.panel.sliders["temperature"], []
    slider.slider.value = 0.5
    slider.slider.observe(lambda change: shown.append(change["new"]), "value")
    view.finish()
    assert shown == []
    assert slider.slider.value == 0.5


def test_a_button_counts_each_time_and_comes_after_the_moves_before_it(view):
    view.start()
    view.panel.sliders["temperature"].slider.value = 0.5
    presses = [threading.Thread(target=view.panel.accept_button.click) for _ in range(3)]
    for press in presses:
        press.start()
    view.finish()
    for press in presses:
        press.join()
    assert len(view.panel.state.accepted) == 3
    assert {token.params.temperature for token in view.panel.state.accepted} == {0.5}


def test_a_move_by_a_cells_code_is_drawn_before_the_next_line():
    panel = mg.widgets.SamplingExplorer(logits=[1.0, 2.0])
    before = panel.picture.value
    panel.sliders["temperature"].slider.value = 0.5
    assert panel.state.params.temperature == 0.5
    assert panel.picture.value != before


IN_A_KERNEL = """
import threading, time
import microgpt as mg
from microgpt.widgets.logits_source import zipf_logits
panel = mg.widgets.SamplingExplorer(logits=zipf_logits().logits)
slider = panel.sliders["temperature"].slider
drawn, received, all_received, render = [], [], threading.Event(), panel.render
def receive(change):
    received.append(change["new"])
    if len(received) == 40:
        all_received.set()
def count(state, before):
    all_received.wait(30)  # the first picture takes until the message loop has heard of all moves
    drawn.append(state.params.temperature)
    return render(state, before)
panel.render = count
slider.observe(receive, "value")
print(slider.model_id)
"""


@pytest.mark.slow
def test_moves_in_a_real_kernel_leave_its_message_loop_alone():
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel()
    try:
        said = []

        def run(code):
            said.clear()
            reply = client.execute_interactive(
                code, timeout=60, output_hook=lambda m: said.append(m["content"].get("text", ""))
            )
            assert reply["content"]["status"] == "ok", reply["content"]
            return "".join(said).strip()

        model = run(IN_A_KERNEL)
        for number in range(40):
            state = {"value": 0.1 if number % 2 else 0.05}
            content = {"comm_id": model, "data": {"method": "update", "state": state}}
            client.shell_channel.send(client.session.msg("comm_msg", content))
        run("while panel._moves._is_running: time.sleep(0.01)")
        drawn = run("print(all_received.is_set(), *drawn, slider.value)")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert drawn == "True 0.05 0.1 0.1"  # the first, the last, and where the slider is now


def still(panel):
    return panel.picture.value.replace(panel.view_id, "") + panel.caption_box.value


def test_a_panel_survives_callbacks_on_four_threads():
    panel = mg.widgets.SamplingExplorer("names")

    def drag(offset):
        for step in range(60):
            panel.sliders["temperature"].slider.value = (step * 0.05 + offset) % 2
            panel.u_slider.slider.value = (step * 0.013 + offset) % 0.999
            (panel.accept_button if step % 3 else panel.undo_button).click()

    threads = [threading.Thread(target=drag, args=(0.1 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    panel.restart_button.click()
    panel.sliders["temperature"].slider.value = 1.0
    panel.seed_box.value = 5
    panel.seed_box.value = 1
    fresh = mg.widgets.SamplingExplorer("names")
    panel.redraw()  # without motion
    assert still(panel) == still(fresh)
    assert mg.widgets.errors() == []


HOSTILE, SHOWN = "<img src=x onerror=alert(1)>", "&lt;img src=x"


def draw(state, before):
    if isinstance(state, Exception):
        raise state
    return Rendered(tag("h3", state), f"{state}.")


def draw_still(state):
    drawing = Drawing()
    drawing.add_question(state)
    return drawing


def make(state, panel_type=Panel, **options):
    return panel_type(state, draw, draw_still, **options)


def shown(panel):
    return panel.picture.value + panel.caption_box.value


def test_captions_and_errors_are_text():
    panel = make(HOSTILE)
    assert shown(panel).count(SHOWN) == 2
    assert SHOWN in panel.static_output()["text/html"]
    panel.update(lambda state: f"{state} again")
    assert HOSTILE not in shown(panel)

    def refuse(state):
        raise mg.SettingError("x", HOSTILE, 3)

    panel.update(refuse)
    assert panel.caption == f"x must be {HOSTILE}; got 3"
    assert HOSTILE not in shown(panel)
    assert HOSTILE not in panel.static_output()["text/html"]


def test_a_message_stands_until_the_next_move():
    panel = make("first")

    def refuse(state):
        raise mg.SettingError("x", "y", 3)

    panel.update(refuse)
    assert (panel.state, panel.caption) == ("first", "x must be y; got 3")
    panel.redraw()
    assert panel.caption == "x must be y; got 3"
    panel.update(lambda state: "second")
    assert panel.caption == "second."


def test_a_picture_that_cannot_be_drawn_leaves_the_state(monkeypatch):
    monkeypatch.setattr(panel_module, "_errors", [])
    panel = make("first")
    panel.update(lambda state: ZeroDivisionError(HOSTILE))
    assert (panel.state, panel.caption, panel.message) == ("first", "first.", "")
    assert panel.error == f"ZeroDivisionError: {HOSTILE}"
    assert SHOWN in panel.picture.value
    assert HOSTILE not in panel.picture.value

    class Unsynchronised(Panel):
        def sync_controls(self):
            if self.state == "second":
                raise KeyError(HOSTILE)

    other = make("first", Unsynchronised)
    other.update(lambda state: "second")  # fails after the state was set
    assert (other.state, other.caption) == ("first", "first.")
    assert HOSTILE not in other.picture.value
    other.update(lambda state: "third")
    assert (other.state, other.error) == ("third", "")
    assert len(mg.widgets.errors()) == 2
    mg.widgets.errors().clear()  # a copy
    assert [error.partition(":")[0] for error in mg.widgets.errors()] == ["Panel", "Unsynchronised"]


def test_what_changed_may_move_unless_pictures_follow_each_other_fast(monkeypatch):
    now, seen = [100.0], []
    monkeypatch.setattr(panel_module.time, "monotonic", lambda: now[0])

    def record(state, before):
        seen.append((state, before))
        return draw(state, before)

    panel = Panel("a", record, draw_still)
    for state, seconds in (("b", 1.0), ("c", 0.1), ("d", 0.2), ("e", 0.3)):
        now[0] += seconds
        panel.update(lambda _, state=state: state)
    assert seen == [("a", None), ("b", "a"), ("c", None), ("d", None), ("e", "d")]


def test_a_card_holds_its_controls_then_its_picture_then_its_caption():
    control, folded = ipywidgets.Text(), ipywidgets.HTML()
    panel = make("x", css_class="some-view", controls=[control], folded=[folded],
                 numbers_table=lambda state: f"<p>{state}</p>")  # fmt: skip
    (card,) = panel.box.children
    assert panel.box._dom_classes == ("mg-host", panel.view_id)
    assert set(card._dom_classes) == {"mg-card", "mg-some-view"}
    assert card.children[:3] == (control, panel.picture, panel.caption_box)
    assert card.children[3].children == (panel.numbers.toggle,)
    assert card.children[4:6] == (panel.numbers.content, folded)
    assert "mg-folded" in folded._dom_classes
    assert "<style" in card.children[6].value
    panel.numbers.toggle.value = True
    assert "<p>x</p>" in panel.numbers.content.value


def test_panels_have_ids_of_their_own_and_a_still_picture_names_its_view():
    one, other = make("x"), make("x")
    assert one.view_id != other.view_id
    html = one.static_output()["text/html"]
    assert f".mg-still-{one.view_id}" in html
    assert f"~ * .{one.view_id}" in html
    assert one.static_output()["image/png"]
    assert one.png().startswith(b"\x89PNG")

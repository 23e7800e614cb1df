"""The still picture follows its view: on a thread of its own, and not for what was refused."""

import threading

import pytest
from waiting import wait_until

import microgpt as mg
from microgpt.widgets import panel as panel_module

MAKE = {
    "xray": lambda: mg.widgets.XRay(),
    "merges": lambda: mg.widgets.MergeTimeMachine("the theme"),
    "neighbourhood": lambda: mg.widgets.Neighbourhood(steps=40),
    "ledger": lambda: mg.widgets.ResidualLedger("names", text="kath"),
    "stethoscope": lambda: mg.widgets.Stethoscope("a*a", a=3.0),
    "theatre": lambda: mg.widgets.ThreadTheatre("add"),
    "game": lambda: mg.widgets.GuessNext("names"),
    "explorer": lambda: mg.widgets.SamplingExplorer("names"),
}
CLICKED = {
    "xray": lambda view: view.next_button,
    "merges": lambda view: view.next_button,
    "neighbourhood": lambda view: view.tab_buttons[10],
    "ledger": lambda view: view.swap_button,
    "stethoscope": lambda view: view.next_button,
    "theatre": lambda view: view.next_button,
    "game": lambda view: view.keys[3],
    "explorer": lambda view: view.accept_button,
}
# The slider of a view, and where it is moved.
MOVED = {
    "merges": (lambda view: view.slider, 30),
    "neighbourhood": (lambda view: view.slider, 3),
    "stethoscope": (lambda view: view.slider, -1.5),
    "theatre": (lambda view: view.access_slider, 3),
    "explorer": (lambda view: view.u_slider, 0.95),
}
# Views with a text, and another text.
TYPED = {
    "journey": (lambda: mg.widgets.forward_pass("names", "ann"), lambda view: view.text_box, "bo"),
    "explorer": (MAKE["explorer"], lambda view: view.prompt_box, "an"),
    "likelihood": (lambda: mg.widgets.TextLikelihood("names"), lambda view: view.text_box, "bo"),
}
REFUSED = {
    "xray": lambda view: view.shape_boxes[0],
    "merges": lambda view: view.text_box,
    "neighbourhood": lambda view: view.letter_box,
    "stethoscope": lambda view: view.expression_box,
}


class Stills:
    """The display of a view's still picture: the bundles it was given, and who drew them."""

    def __init__(self, view):
        self.bundles, self.threads = [], []
        self._draw, view.draw_still = view.draw_still, self._draw_and_note
        view._static_display = self

    def _draw_and_note(self, state):
        self.threads.append(threading.current_thread())
        return self._draw(state)

    def update(self, bundle, raw):
        assert raw
        self.bundles.append(bundle)

    def captions(self):
        return [bundle["text/plain"] for bundle in self.bundles]


@pytest.fixture
def in_browser(monkeypatch):
    """Every change is one of a control in the browser; the pause before a still picture is over."""
    monkeypatch.setattr(panel_module, "in_control_message", lambda: True)
    monkeypatch.setattr(panel_module, "STILL_PAUSE", 0)


@pytest.fixture(autouse=True)
def own_errors(monkeypatch):
    monkeypatch.setattr(panel_module, "_errors", [])


def wait_for_threads(view):
    wait_until(lambda: not view._moves._is_running and not view._stills._is_running)


@pytest.mark.parametrize("name", MAKE)
def test_a_click_leaves_the_still_picture_to_another_thread(name, in_browser):
    view = MAKE[name]()
    stills, before = Stills(view), view.caption
    CLICKED[name](view).click()
    wait_for_threads(view)
    assert threading.main_thread() not in stills.threads
    assert stills.captions()[-1] == view.caption != before
    assert mg.widgets.errors() == []


@pytest.mark.parametrize("name", MOVED)
def test_a_move_of_a_slider_changes_the_still_picture(name, in_browser):
    view = MAKE[name]()
    stills, before = Stills(view), view.static_output()
    stills.threads.clear()
    slider, position = MOVED[name]
    slider(view).slider.value = position
    wait_for_threads(view)
    assert threading.main_thread() not in stills.threads
    assert stills.captions()[-1] == view.caption != before["text/plain"]
    assert stills.bundles[-1]["image/png"] != before["image/png"]
    assert mg.widgets.errors() == []


@pytest.mark.parametrize("name", TYPED)
def test_another_text_changes_the_still_picture(name, in_browser):
    make, text_box, text = TYPED[name]
    view = make()
    stills, before = Stills(view), view.caption
    text_box(view).value = text
    wait_for_threads(view)
    assert threading.main_thread() not in stills.threads
    assert stills.captions()[-1] == view.caption != before
    assert mg.widgets.errors() == []


def test_a_move_that_is_not_drawn_yet_is_drawn_before_the_still_picture(in_browser, monkeypatch):
    view = MAKE["merges"]()
    monkeypatch.setattr(view._moves, "submit", lambda job: None)  # a thread that is late
    stills = Stills(view)
    view.slider.slider.value = 30
    wait_for_threads(view)
    assert view.state.num_merges == 30
    assert stills.captions() == [view.caption]


def test_the_still_picture_waits_for_the_last_move(in_browser, monkeypatch):
    now, slept = [100.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    view = MAKE["xray"]()
    monkeypatch.setattr(panel_module, "STILL_PAUSE", 0.5)
    monkeypatch.setattr(panel_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(panel_module.time, "sleep", sleep)
    jobs = []
    monkeypatch.setattr(view._stills, "submit", jobs.append)
    stills = Stills(view)
    view.next_button.click()
    now[0] += 0.25
    jobs[-1]()
    assert slept == [0.25]
    assert stills.captions() == [view.caption]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_leaves_the_still_picture(name, in_browser):
    view = MAKE[name]()
    stills = Stills(view)
    REFUSED[name](view).value = "?" * 201
    wait_for_threads(view)
    assert view.message
    assert stills.bundles == stills.threads == []


@pytest.mark.parametrize("name", MAKE)
def test_from_code_the_still_picture_is_drawn_at_once(name):
    view = MAKE[name]()
    stills = Stills(view)
    CLICKED[name](view).click()
    assert stills.captions() == [view.caption]


@pytest.mark.parametrize("from_browser", [True, False])
@pytest.mark.parametrize("name", MAKE)
def test_an_error_in_the_still_picture_is_recorded(name, from_browser, request):
    if from_browser:
        request.getfixturevalue("in_browser")
    view = MAKE[name]()
    view._static_display, before = Stills(view), view.caption

    def fail(state):
        raise OSError("no space")

    view.draw_still = fail
    CLICKED[name](view).click()
    wait_for_threads(view)
    assert mg.widgets.errors() == [f"{type(view).__name__}: OSError: no space"]
    assert view.caption != before
    assert not view.error

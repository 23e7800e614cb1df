"""Four threads move whatever controls views have, while one of them trains on a thread of its own.

python tests/helpers/hammer_controls.py SECONDS prints the threading layer, the steps trained and
"alive". The views must come out as those that nobody touched.
"""

import random
import sys
import threading
import time
from contextlib import suppress

import ipywidgets
import numpy as np
from traitlets import TraitError

import microgpt as mg
from microgpt.widgets import flight_recorder, panel, view_memory

NUM_THREADS = 4
STEPS = 1_000_000
ENDS_THE_RUN = ("Stop", "Run", "Text")
TEXTS = ["ann", "mia", "q", "leo9", "", "zoe"]


def controls(widget):
    """The controls inside a widget, as far as a reader could reach them."""
    if isinstance(widget, ipywidgets.Box):
        for child in widget.children:
            yield from controls(child)
    elif hasattr(widget, "disabled") and not widget.disabled:
        yield widget


def move(control, rng):
    """Give a control another value, or press it."""
    if isinstance(control, ipywidgets.Button):
        control.click()
    elif isinstance(control, ipywidgets.ToggleButton):
        control.value = not control.value
    elif isinstance(control, ipywidgets.Dropdown | ipywidgets.ToggleButtons):
        with suppress(TraitError):  # meanwhile, another thread may have shortened the list
            control.index = rng.randrange(len(control.options))
    elif isinstance(control, ipywidgets.Text):
        control.value = rng.choice(TEXTS)
    else:
        control.value = type(control.value)(rng.uniform(control.min, control.max))


def hammer(views, seed, until, failures):
    """Move controls at random until it is time."""
    rng = random.Random(seed)
    try:
        while time.monotonic() < until:
            found = [
                control
                for control in controls(rng.choice(views).box)
                if getattr(control, "description", "") not in ENDS_THE_RUN
            ]
            move(rng.choice(found), rng)
            time.sleep(1e-3)  # as the messages of a front end leave room for other threads
    except BaseException as error:
        failures.append(repr(error))


def in_a_cell():
    """Make views as in one run of a notebook's cell, so that a recorder trains on a thread."""
    for module in (flight_recorder, panel, view_memory):
        module.current_cell = lambda: ("cell", "run")


def settled(view, state):
    """The picture of a state, without what would move."""
    view.update(lambda _: state)
    return view.render(view.state, None), view.caption


def main(seconds):
    mg.use("numba")
    make = {
        "attention": lambda: mg.widgets.EditableAttention("names"),
        "ledger": lambda: mg.widgets.ResidualLedger("names"),
    }
    views = {name: function() for name, function in make.items()}
    in_a_cell()
    recorder = mg.widgets.FlightRecorder("names-mini", steps=STEPS)
    recorder.step()  # compiles
    recorder.start()
    failures: list[str] = []
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=hammer, args=([*views.values(), recorder], seed, until, failures))
        for seed in range(NUM_THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds + 60)
        assert not thread.is_alive(), "a thread hangs"
    recorder.stop()
    recorder.wait()
    assert not failures, failures
    assert not mg.widgets.errors(), mg.widgets.errors()
    for name, function in make.items():
        untouched = function()
        first = untouched.state
        assert settled(views[name], first) == settled(untouched, first), name
    done = len(recorder.record)
    alone = mg.record_run("names-mini", steps=STEPS, until=done)
    assert np.array_equal(recorder.record.losses, alone.losses)
    import numba

    print(numba.threading_layer(), done, "alive")


if __name__ == "__main__":
    main(float(sys.argv[1]))

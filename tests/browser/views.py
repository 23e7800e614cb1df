"""One of each view, in a state that shows much of it."""

from functools import cache

import numpy as np

import microgpt as mg
from microgpt.benchmark.gpu_products import CPU, LIBRARY, ON_GPU, WITH_COPIES
from microgpt.benchmark.product_ladder import RUNGS, count_ladder
from microgpt.widgets import gpu_products

# Of a GPU that is made up.
SECONDS = {rung.name: (20.0 / n, 30.0 / n) for n, rung in enumerate(RUNGS, 1)} | {LIBRARY: (1, 1)}
CROSSOVER_SECONDS = {CPU: (20.0, 30.0), WITH_COPIES: (3.0, 4.0), ON_GPU: (1.0, 1.0)}

CORPUS = mg.load_corpus("names-mini")


@cache
def trained_monitor():
    """A training run of 100 steps; it is the slowest of these."""
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    return mg.widgets.TrainingMonitor(model, mg.load_corpus("names-mini"), steps=100)


def _explorer_with_cut():
    view = mg.widgets.SamplingExplorer("names", sliders=("temperature", "top_k"), prompt="an")
    view.sliders["top_k"].slider.value = 5
    view.sliders["temperature"].slider.value = 0.7
    view.accept_button.click()
    return view


def _finished_explorer():
    view = mg.widgets.SamplingExplorer("names", compact=True)
    view.finish_button.click()
    return view


def _guess():
    view = mg.widgets.GuessNext("names")
    view.update(lambda game: game.with_guess(20))
    return view


def _scored():
    view = mg.widgets.ScoredGuess()
    for letters, confidence in (("ae", 60), ("n", 35), ("aio", 75)):
        view.next_button.click()
        view.letters_box.value = letters
        view.confidence_slider.slider.value = confidence
        view.show_button.click()
    return view


def _scored_asked():
    view = mg.widgets.ScoredGuess()
    view.letters_box.value = "ab."
    view.confidence_slider.slider.value = 40
    return view


def _scored_end():
    view = mg.widgets.ScoredGuess(rounds=2)
    for _ in range(2):
        view.next_button.click()
        view.show_button.click()
    return view


def _merges_of_bytes():
    view = mg.widgets.MergeTimeMachine("👩‍🚀 José, привет: 127+677 <b>unbelievable</b>", merges=300)
    view.box_number.value = len(view.state.view.boxes) - 1
    return view


def _neighbourhood_of_ten():
    view = mg.widgets.Neighbourhood()
    view.tab_buttons[10].click()
    view.letter_number.value = 14
    return view


def _circuit_untrained():
    view = mg.widgets.CircuitFormation(steps=100)
    view.slider.slider.value = 0
    return view


def _neighbourhood_untrained():
    view = mg.widgets.Neighbourhood(steps=200)
    view.slider.slider.value = 0
    return view


def _prediction():
    mg.learn.predict("00.view", "Among how many letters does it choose at first?", (1, 10, 27))
    mg.learn.reveal("00.view", 27)
    return mg.learn.predict("00.view", "Among how many letters does it choose?", (1, 10, 27))


def _shape_blanks():
    model = mg.GPT(mg.GPTConfig.microgpt(), backend="numpy")
    view = mg.shapes(model, [0, 1, 2, 3, 4], blanks=True)
    view.boxes[0].value = "(5, 16)"
    return view


def _stethoscope_step():
    view = mg.widgets.Stethoscope("c = a*b; c*a + c", a=-2.0, b=0.35, toggles=True)
    view.order_select.value = "depth first"
    for _ in range(6):
        view.next_button.click()
    return view


def _xray(backward=False, sizes=None, shapes=None):
    view = mg.widgets.XRay("broadcast" if shapes else "product", backward=backward)
    if sizes:
        view.decimals_toggle.value = True
    for widget, value in zip(view.size_boxes, sizes or (), strict=False):
        widget.value = value
    for widget, value in zip(view.shape_boxes, shapes or (), strict=False):
        widget.value = str(value)
    return view


def _attention(text, head=None, edits=("mask", "cut")):
    view = mg.widgets.EditableAttention("names", mg.load_corpus("names-mini"), text=text)
    view.head_select.label = "all" if head is None else str(head + 1)
    for column, kind in enumerate(edits, 1):
        view.column_box.value = column
        view.cell_buttons[kind].click()
    return view


def _flight(switch="healthy", compared=False):
    view = mg.widgets.FlightRecorder("story", switch, steps=30, backend="numpy")
    if compared:
        view.compare_with(mg.record_run(steps=30, until=10, backend="numpy"))
        view.slider.slider.value = 9
    return view


def _flight_ready():
    view = _flight()
    view.run_select.value = "gradients not zeroed"
    return view


def _theatre(name, phase=1, access=1, order="in step"):
    view = mg.widgets.ThreadTheatre(name)
    view.order_select.value = order
    view.phase_slider.box.value = phase
    view.access_slider.box.value = access
    return view


def _theatre_of_two_blocks():
    view = _theatre("sum with guard around everything")
    view.size_boxes[0].value = 100
    view.phase_slider.box.value = 2
    return view


def _theatre_of_own_kernel():
    cuda = mg.interpreter.cuda

    def add_one(numbers):
        i = cuda.grid(1)
        if i < numbers.size:
            numbers[i] += numbers.dtype.type(1)

    numbers = np.zeros(300, np.float32)
    return mg.widgets.ThreadTheatre(add_one, blocks=2, threads=(4, 2), arguments=(numbers,))


def _folded_ledger():
    view = mg.widgets.ResidualLedger("story", text="the door was")
    view.removal_toggle.value = True
    view.row_number.value = 16  # the MLP of the last layer
    return view


def _ledger_size():
    view = mg.widgets.ResidualLedger()
    view.tab_buttons["size"].click()
    view.size_controls.preset_select.value = "gpt2-124M"
    return view


VIEWS = {
    "attention": lambda: _attention("joh", head=0, edits=()),
    "attention, edited": lambda: _attention("joh"),
    "attention, a long text": lambda: _attention("maximilianawwww", head=2),
    "circuit": lambda: mg.widgets.CircuitFormation(steps=100),
    "circuit, untrained": _circuit_untrained,
    "explorer": lambda: mg.widgets.SamplingExplorer("names"),
    "explorer with a cut": _explorer_with_cut,
    "explorer, finished": _finished_explorer,
    "long tail": lambda: mg.widgets.SamplingExplorer("long tail (made-up numbers)", top_k=50),
    "training": trained_monitor,
    "likelihood": lambda: mg.widgets.TextLikelihood("names", text="maximiliana"),
    "guess": _guess,
    "guess, asked": lambda: mg.widgets.GuessNext("names"),
    "scored": _scored,
    "scored, asked": _scored_asked,
    "scored, at the end": _scored_end,
    "journey": lambda: mg.widgets.forward_pass("names", "ann"),
    "stethoscope": lambda: mg.widgets.Stethoscope(),
    "stethoscope, a step": _stethoscope_step,
    "stethoscope, a deep graph": lambda: mg.widgets.Stethoscope(
        "c = a*b; tanh(relu(exp(tanh(c*a + c))*a)/b)**2 + c", a=-2.4, toggles=True
    ),
    "ledger": lambda: mg.widgets.ResidualLedger("names", CORPUS),
    "ledger, folded rows": _folded_ledger,
    "ledger, size": _ledger_size,
    "merges": lambda: mg.widgets.MergeTimeMachine("the theme is unbelievable", merges=30),
    "merges of bytes": _merges_of_bytes,
    "merges, a long text": lambda: mg.widgets.MergeTimeMachine("unbelievable tokenization, " * 7),
    "neighbourhood": lambda: mg.widgets.Neighbourhood(),
    "neighbourhood, ten numbers": _neighbourhood_of_ten,
    "neighbourhood, untrained": _neighbourhood_untrained,
    "museum": lambda: mg.learn.museum("01"),
    "museum of races": lambda: mg.learn.museum("14"),
    "product ladder": lambda: mg.widgets.product_ladder(),
    "crossover": lambda: gpu_products.bars_panel(gpu_products.copy_state((64, 2048))),
    "product ladder, no GPU": lambda: gpu_products.bars_panel(
        gpu_products.untimed_state(count_ladder())
    ),
    "product ladder, timed": lambda: gpu_products.bars_panel(gpu_products.time_state(SECONDS)),
    "crossover, timed": lambda: gpu_products.bars_panel(
        gpu_products.crossover_state(dict.fromkeys((64, 2048), CROSSOVER_SECONDS))
    ),
    "network": lambda: mg.widgets.NetworkDiagram(mg.models.MLP(), CORPUS, "ann"),
    "flight recorder": _flight,
    "flight recorder, compared": lambda: _flight("lr × 100", compared=True),
    "flight recorder, ready": _flight_ready,
    "prediction": _prediction,
    "exercise": lambda: mg.learn.check("09.top_k", lambda probabilities, k: [1.0] * 3),
    "shapes": _shape_blanks,
    "xray": _xray,
    "xray, backward": lambda: _xray(backward=True, sizes=(4, 5, 5)),
    "xray, broadcast": lambda: _xray(shapes=((4, 3), (3,))),
    "xray, three axes": lambda: _xray(backward=True, shapes=((4, 4, 4), (4, 1))),
    "xray, a clash": lambda: _xray(shapes=((4, 3), (4,))),
    "theatre": lambda: mg.widgets.ThreadTheatre("block sum"),
    "theatre, a race": lambda: _theatre("sum_without_first_barrier", 1, 224, "forwards"),
    "theatre, tiles": lambda: _theatre("tiled_matmul", 2, 5),
    "theatre, rows": lambda: _theatre("row_softmax", 5, 1),
    "theatre, two blocks": _theatre_of_two_blocks,
    "theatre, a kernel of one's own": _theatre_of_own_kernel,
    "table": lambda: mg.widgets.sample_table("names", mg.load_corpus("names-mini")),
}

"""Four threads move every control of three panels while a model trains with parallel kernels.

python tests/helpers/hammer.py SECONDS prints the threading layer, the steps trained and "alive".
"""

import random
import sys
import threading
import time

import microgpt as mg
from microgpt.widgets.sampling_trace import SamplingTrace

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def hammer(panels, seed, until, failures):
    """Move controls at random until it is time."""
    rng = random.Random(seed)
    try:
        while time.monotonic() < until:
            panel = rng.choice(panels)
            name = rng.choice(list(panel.sliders))
            slider = panel.sliders[name]
            moves = (
                lambda slider=slider: setattr(
                    slider.slider, "value", rng.uniform(slider.slider.min, slider.slider.max)
                ),
                lambda panel=panel: setattr(panel.u_slider.slider, "value", rng.random() * 0.99),
                panel.redraw_button.click, panel.accept_button.click, panel.finish_button.click,
                panel.undo_button.click,
                lambda panel=panel: setattr(panel.prompt_box, "value", rng.choice(LETTERS)),
                lambda panel=panel: setattr(panel.seed_box, "value", rng.randrange(99)),
                lambda panel=panel: setattr(panel.numbers.toggle, "value", rng.random() < 0.5),
                lambda panel=panel: setattr(
                    panel.model_select, "value", rng.choice(panel.model_select.options)
                ),
            )  # fmt: skip
            rng.choice(moves)()
    except BaseException as error:
        failures.append(repr(error))


def settled(panel):
    """The picture after every control was set to the same value."""
    panel.model_select.value = "story"
    panel.model_select.value = "names"
    panel.update(lambda trace: SamplingTrace(trace.source, "an", mg.SampleConfig(0.7, 9), 3))
    return panel.render(panel.state, None), panel.caption  # without what would move


def main(seconds):
    mg.use("numba")
    corpus = mg.load_corpus("names-mini")
    config = mg.GPTConfig.microgpt(n_embd=64)
    trainer = mg.Trainer(mg.GPT(config), corpus, mg.TrainConfig(steps=10**9, batch_size=64))
    next(trainer)  # compiles
    panels = [mg.widgets.SamplingExplorer("names") for _ in range(2)]
    panels.append(mg.widgets.SamplingExplorer(trainer))
    failures: list[str] = []
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=hammer, args=(panels, seed, until, failures)) for seed in range(4)
    ]
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        next(trainer)
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), "a thread hangs"
    assert not failures, failures
    assert mg.widgets.errors() == []
    expected = settled(mg.widgets.SamplingExplorer("names"))
    for panel in panels:
        assert settled(panel) == expected
    import numba

    print(numba.threading_layer(), len(trainer.history), "alive")


if __name__ == "__main__":
    main(float(sys.argv[1]))

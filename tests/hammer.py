"""Four threads move every control of three panels while a model trains with parallel kernels.

python tests/hammer.py SECONDS prints the threading layer, the steps trained and "alive".
"""

import random
import sys
import threading
import time

import microgpt as mg
from microgpt.sampling import Walk

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def hammer(panels, seed, until, failures):
    """Move controls at random until it is time."""
    rng = random.Random(seed)
    try:
        while time.monotonic() < until:
            panel = rng.choice(panels)
            name = rng.choice(list(panel.dials))
            dial = panel.dials[name]
            moves = (
                lambda dial=dial: setattr(
                    dial.slider, "value", rng.uniform(dial.slider.min, dial.slider.max)
                ),
                lambda panel=panel: setattr(panel.dart.slider, "value", rng.random() * 0.99),
                panel.roll.click, panel.next.click, panel.finish.click, panel.back.click,
                lambda panel=panel: setattr(panel.prompt, "value", rng.choice(LETTERS)),
                lambda panel=panel: setattr(panel.dice, "value", rng.randrange(99)),
                lambda panel=panel: setattr(panel.table.toggle, "value", rng.random() < 0.5),
                lambda panel=panel: setattr(
                    panel.chooser, "value", rng.choice(panel.chooser.options)
                ),
            )  # fmt: skip
            rng.choice(moves)()
    except BaseException as error:
        failures.append(repr(error))


def settled(panel):
    """The picture after every control was put to one place."""
    panel.chooser.value = "story"
    panel.chooser.value = "names"
    panel.change(lambda walk: Walk(walk.origin, "an", mg.SampleConfig(0.7, 9), 3))
    return panel.picture.value.replace(f"{panel.name}-", "")


def main(seconds):
    mg.use("numba")
    corpus = mg.load_corpus("names-mini")
    config = mg.GPTConfig.microgpt(n_embd=64)
    trainer = mg.Trainer(mg.GPT(config), corpus, mg.TrainConfig(steps=10**9, batch_size=64))
    next(trainer)  # compiles
    panels = [mg.widgets.DialAndDice("names") for _ in range(2)]
    panels.append(mg.widgets.DialAndDice(trainer.model, corpus))
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
    wanted = settled(mg.widgets.DialAndDice("names"))
    for panel in panels:
        assert settled(panel) == wanted
    import numba

    print(numba.threading_layer(), len(trainer.history), "alive")


if __name__ == "__main__":
    main(float(sys.argv[1]))

"""Writes histories.npz: the losses of eight recorded runs, on which the verdict is tested.

python tests/golden/write_histories.py        (takes some minutes)
"""

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "helpers"), str(HERE.parent.parent)]

from run_histories import FIELDS, FILE, LINES  # noqa: E402

import microgpt as mg  # noqa: E402
from microgpt.runs import LossHistory, TrainingRun, judge  # noqa: E402
from microgpt.training.evaluation import losses_per_token  # noqa: E402


def fifty_names():
    """The losses of the names recipe on a list that is soon known by heart."""
    names = list(mg.load_corpus("names-mini").distinct())
    fifty = names[::132]
    others = [name for name in names[1::13] if name not in fifty]
    model = mg.GPT()
    config = mg.TrainConfig(steps=1000, lr_schedule="constant")
    train, held_out = (mg.load_corpus(text="\n".join(texts)) for texts in (fifty, others))
    tokenizer = mg.load_corpus("names-mini").tokenizer()
    trainer = mg.Trainer(model, train, config, tokenizer, validation=held_out)
    rows = list(trainer.validation_batches())
    letters = mg.NGram(27, 1, 0.3).count(*next(trainer.batches.eval_batches(99, 99)))
    counts = np.concatenate([(targets >= 0).sum(axis=1) for _, targets in rows])

    def losses_of(function):
        return np.concatenate([function(*batch).sum(axis=1) for batch in rows])

    steps, training, held_out = [], [], []
    for step in (0, 10, 30, 100, 200, 400, 700, 1000):
        for _ in range(step - len(trainer.history)):
            next(trainer)
        steps.append(step)
        training.append(trainer.evaluate(train).loss)
        rows_now = losses_of(lambda *batch: losses_per_token(model, *batch))
        held_out.append(rows_now.sum() / counts.sum())
    return LossHistory(
        np.array(steps), np.array(training), np.array(held_out), np.log(27),
        losses_of(letters.losses).sum() / counts.sum(),
    )  # fmt: skip


def lr_of_0():
    """A run whose weights never change."""
    run = TrainingRun(steps=150)
    run.lr_schedule = lambda step: 0.0
    return run.run().loss_history()


def recorded(switch="healthy", until=None, corpus="story"):
    """The losses of a recorded run."""
    return mg.record_run(corpus, switch, until=until).loss_history()


def main():
    histories = {
        "fifty names": fifty_names(),
        "targets not shifted": recorded("targets not shifted", 150),
        "lr = 0": lr_of_0(),
        "targets shuffled": recorded("targets shuffled", 300),
        "gradients not zeroed": recorded("gradients not zeroed", 300),
        "healthy": recorded(),
        "names, init × 10": recorded("init × 10", corpus="names-mini"),
        "names, lr × 10": recorded("lr × 10, with warm-up", corpus="names-mini"),
    }
    arrays = {}
    for name, history in histories.items():
        for field in (*FIELDS, *LINES):
            array = np.asarray(getattr(history, field))
            is_float = array.dtype.kind == "f"
            arrays[f"{name}/{field}"] = array.astype(np.float32) if is_float else array
        print(name, judge(history))
    np.savez_compressed(FILE, **arrays)


if __name__ == "__main__":
    main()

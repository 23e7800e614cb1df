"""The stored losses of eight recorded runs, written by golden/write_histories.py."""

from pathlib import Path

import numpy as np

from microgpt.runs import LossHistory

FILE = Path(__file__).parent.parent / "golden" / "histories.npz"
FIELDS = ("steps", "training", "held_out")
LINES = ("uniform_loss", "letters_loss")


def read_histories():
    """Name of a run -> its LossHistory."""
    with np.load(FILE) as arrays:
        names = sorted({key.split("/")[0] for key in arrays})
        return {
            name: LossHistory(
                **{field: float(arrays[f"{name}/{field}"]) for field in LINES},
                **{field: arrays[f"{name}/{field}"] for field in FIELDS},
            )
            for name in names
        }

"""Short training runs of the command line, and what they leave."""

import signal

import microgpt as mg
from microgpt import checkpoints

SMALL = ["--n-layer", "1", "--n-head", "2", "--n-embd", "8", "--block-size", "8"]
STORY = ["train", "--backend", "numpy", "--corpus", "story", "--preset", "gpt2-small-char", *SMALL]
NAMES = ("model.safetensors", "training.safetensors", "best.safetensors")


def losses(folder):
    """The losses in a run's folder, and its weights."""
    with checkpoints.open_safetensors(folder / "training.safetensors") as arrays:
        found = arrays.read("history.loss", "float64").tolist()
    return found, mg.load(folder, "numpy").model.state_dict()


def contents(folder, prefix=""):
    """The files of a run."""
    files = {name: folder / f"{prefix}{name}" for name in NAMES}
    return {name: file.read_bytes() for name, file in files.items() if file.exists()}


def enable_interrupts():
    """Processes that are started in the background ignore Ctrl-C, and so do their children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)

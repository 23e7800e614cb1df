"""Names as windows of characters, and first weights: what the makemore loops start from.

NumPy only, so that the script that writes PyTorch's losses reads the very same.
"""

from pathlib import Path

import numpy as np

import microgpt

CONTEXT, BATCH, STEPS = 3, 32, 150
LETTERS = ".abcdefghijklmnopqrstuvwxyz"
V, C, H = len(LETTERS), 10, 64


def windows(context):
    """The `context` characters before each character (N, context), and it (N,); 0 is the dot."""
    file = next((Path(microgpt.__file__).parent / "data").rglob("names-mini.txt"))
    contexts, targets = [], []
    for name in file.read_text("utf-8").split()[:600]:
        ids = [0] * context + [LETTERS.index(letter) for letter in f"{name}."]
        for end in range(context, len(ids)):
            contexts.append(ids[end - context : end])
            targets.append(ids[end])
    return np.array(contexts), np.array(targets)


def bigram_weight():
    return np.random.default_rng(1).normal(size=(V, V))


def mlp_weights():
    """The table (V, C), W1, b1, W2, b2."""
    rng = np.random.default_rng(2)
    scales = {(V, C): 1.0, (CONTEXT * C, H): 0.3, (H,): 0.01, (H, V): 0.1, (V,): 0.01}
    return [rng.normal(size=shape) * scale for shape, scale in scales.items()]


def batches(num_windows):
    """The rows of each step's batch (STEPS, BATCH)."""
    return np.random.default_rng(3).integers(0, num_windows, (STEPS, BATCH))

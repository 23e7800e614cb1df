"""Writes makemore.json: the losses of three small training loops in PyTorch, in float64.

python tests/golden/write_makemore.py        (needs torch; the tests do not)
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "helpers"), str(HERE.parent.parent)]

from makemore_data import CONTEXT, STEPS, C, batches, bigram_weight, mlp_weights, windows  # noqa: E402


def leaves(*arrays):
    return [torch.tensor(array, requires_grad=True) for array in arrays]


def data(context):
    contexts, targets = windows(context)
    return torch.from_numpy(contexts), torch.from_numpy(targets)


def bigram():
    contexts, ys = data(1)
    xs, N = contexts[:, 0], len(ys)
    (W,) = leaves(bigram_weight())
    losses = []
    for _ in range(60):
        logits = F.one_hot(xs, num_classes=27).double() @ W
        counts = logits.exp()
        probs = counts / counts.sum(1, keepdim=True)
        loss = -probs[torch.arange(N), ys].log().mean() + 0.01 * (W**2).mean()
        W.grad = None
        loss.backward()
        W.data += -50 * W.grad
        losses.append(loss.item())
    return losses


def mlp():
    X, Y = data(CONTEXT)
    parameters = leaves(*mlp_weights())
    table, W1, b1, W2, b2 = parameters
    losses = []
    for ix in torch.from_numpy(batches(len(Y))):
        embedded = table[X[ix]]
        h = torch.tanh(embedded.view(-1, CONTEXT * C) @ W1 + b1)
        loss = F.cross_entropy(h @ W2 + b2, Y[ix])
        for p in parameters:
            p.grad = None
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= 0.2 * p.grad
        losses.append(loss.item())
    return losses


def batch_norm():
    X, Y = data(CONTEXT)
    table, W1, _, W2, b2 = leaves(*mlp_weights())
    gain = torch.ones(1, W1.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(1, W1.shape[1], dtype=torch.float64, requires_grad=True)
    parameters = [table, W1, W2, b2, gain, bias]
    running_mean, running_std = torch.zeros_like(bias.data), torch.ones_like(gain.data)
    losses = []
    for ix in torch.from_numpy(batches(len(Y))):
        h = table[X[ix]].view(-1, CONTEXT * C) @ W1
        mean, std = h.mean(0, keepdim=True), h.std(0, keepdim=True)
        with torch.no_grad():
            running_mean = 0.99 * running_mean + 0.01 * mean
            running_std = 0.99 * running_std + 0.01 * std
        h = gain * (h - mean) / std + bias
        loss = F.cross_entropy(torch.tanh(h) @ W2 + b2, Y[ix])
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.2 * p.grad
        losses.append(loss.item())
    with torch.no_grad():
        h = gain * (table[X].view(-1, CONTEXT * C) @ W1 - running_mean) / running_std + bias
        losses.append(F.cross_entropy(torch.tanh(h) @ W2 + b2, Y).item())
    return losses


def main() -> None:
    losses = {"bigram": bigram(), "mlp": mlp(), "batch_norm": batch_norm()}
    kept = {name: run[::10] + run[-1:] for name, run in losses.items()}
    (HERE / "makemore.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    print(f"{STEPS} steps of torch {torch.__version__}", {n: run[-1] for n, run in kept.items()})


if __name__ == "__main__":
    main()

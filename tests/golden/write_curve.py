"""Writes curve.json: PyTorch's losses on the hundred steps of `curve.py`, in float32.

python tests/golden/write_curve.py        (needs torch; the tests do not)
"""

import dataclasses
import json
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "helpers"), str(HERE.parent), str(HERE.parent.parent)]

from char_loss_curve import BETAS, LR, WEIGHT_DECAY, model_and_batches  # noqa: E402

from microgpt.benchmark.peers.torch_model import GPT  # noqa: E402


def main() -> None:
    ours, tokens, targets = model_and_batches()
    model = GPT(dataclasses.asdict(ours.config))
    weights = {name: torch.from_numpy(array) for name, array in ours.state_dict().items()}
    model.load_state_dict(weights)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim < 2]
    groups = [
        {"params": matrices, "weight_decay": WEIGHT_DECAY},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=LR, betas=BETAS)
    losses = []
    for x, y in zip(tokens, targets, strict=True):
        optimizer.zero_grad()
        loss = model(torch.from_numpy(x).long(), torch.from_numpy(y).long())
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    (HERE / "curve.json").write_text(json.dumps(losses), "utf-8")
    print(f"{losses[0]} to {losses[-1]}, torch {torch.__version__}")


if __name__ == "__main__":
    main()

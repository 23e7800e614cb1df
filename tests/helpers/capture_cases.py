"""A training step as a function, and its batches: what capturing is tested with."""

import numpy as np

import microgpt as mg


def random_batches(count, lengths, rows=1, seed=0):
    rng = np.random.default_rng(seed)
    for number in range(count):
        T = lengths[number % len(lengths)]
        yield rng.integers(0, 27, (rows, T)), rng.integers(-1, 27, (rows, T))


def training_step(config, micro_batches=1, clip=None, dtype="float32"):
    """A step of training as a function, with the model it changes."""
    model = mg.GPT(config, seed=3, dtype=dtype)
    optimizer = mg.Adam(model.parameters(), 0.01, betas=(0.85, 0.99))

    def step(tokens, targets):
        optimizer.zero_grad()
        total = None
        for _part in range(micro_batches):
            loss = model.loss(tokens, targets) * (1 / micro_batches)
            loss.backward()
            total = loss if total is None else total + loss
        norm = mg.clip_grad_norm_(model.parameters(), clip or float("inf"))
        optimizer.step()
        return {"loss": total, "norm": norm}

    return model, optimizer, step


NAMES = (6, 4, 9, 3, 8, 5, 7, 12, 10, 2, 11, 16)  # lengths


def weights_after(steps, capture, config=None, **options):
    """Losses and weights after training on names, with a rate that falls."""
    model, optimizer, step = training_step(config or mg.GPTConfig(tie_weights=True), **options)
    run, losses = capture(step), []
    for number, (tokens, targets) in enumerate(random_batches(steps, NAMES)):
        targets[:, 0] = 1
        optimizer.lr = 0.01 * (1 - number / steps)
        out = run(tokens.astype(np.int32), targets.astype(np.int32))
        losses.append((out["loss"].item(), out["norm"].item()))
    return losses, {name: w.tobytes() for name, w in model.state_dict().items()}, run

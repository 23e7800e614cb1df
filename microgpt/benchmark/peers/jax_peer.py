"""JAX as a contender: a compiled step over a dictionary or a flat array, or a scan over steps."""

from functools import partial
from itertools import cycle

import jax
import jax.numpy as jnp
import numpy as np
from jax_model import loss_of, shapes_of, start
from padding import padded
from serving import Job, serve


def prepare(task: dict) -> Job:
    job = train(task)
    job.about = {"jax": jax.__version__, "numpy": np.__version__, "threads": task["threads"]}
    return job


def train(task: dict) -> Job:
    loss, weights, decays = weights_and_loss(task)
    optimizer = task["optimizer"]
    kept = 1.0 - optimizer["lr"] * optimizer["decay"]

    def step(state, tokens, targets):
        weights, m, v, count = state
        value, grad = jax.value_and_grad(loss)(weights, tokens, targets)
        beta1, beta2 = optimizer["betas"]
        count = count + 1
        rate = optimizer["lr"] / (1 - beta1**count)
        correct = 1 / (1 - beta2**count)

        def moment1(m, g):
            return beta1 * m + (1 - beta1) * g

        def moment2(v, g):
            return beta2 * v + (1 - beta2) * g * g

        def moved(w, m, v, decay):
            w = w * jnp.where(decay, kept, 1.0) if optimizer["name"] == "adamw" else w
            return w - rate * m / (jnp.sqrt(v * correct) + optimizer["eps"])

        m, v = jax.tree.map(moment1, m, grad), jax.tree.map(moment2, v, grad)
        return (jax.tree.map(moved, weights, m, v, decays), m, v, count), value

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros, jax.tree.map(jnp.copy, zeros), jnp.zeros((), jnp.float32))
    length = task["config"]["block_size"] if task.get("padded") else 0
    batches = [padded(batch, length) for batch in task["batches"]]
    if task.get("scan"):
        return scanned(step, state, batches, loss)
    return stepped(step, state, batches, task["steps"], loss)


def stepped(step, state, batches, steps: int, loss) -> Job:
    """One call a step; each new length is compiled once."""
    ready = [tuple(map(jnp.asarray, batch)) for batch in batches]
    following, present = cycle(ready), [state]
    compiled = jax.jit(step, donate_argnums=0)
    first_loss = jax.jit(loss)

    def one():
        present[0], value = compiled(present[0], *next(following))
        return value

    def unit():
        for _ in range(steps):
            value = one()
        jax.block_until_ready((present[0], value))

    return Job(
        unit, steps,
        first=lambda: jax.block_until_ready(one()),
        loss=lambda: float(first_loss(present[0][0], *ready[0])),
    )  # fmt: skip


def scanned(step, state, batches, loss) -> Job:
    """All steps in one call."""
    tokens, targets = (jnp.asarray(np.stack(part)) for part in zip(*batches, strict=True))
    present = [state]

    @partial(jax.jit, donate_argnums=0)
    def all_steps(state, tokens, targets):
        return jax.lax.scan(lambda state, batch: step(state, *batch), state, (tokens, targets))

    def unit():
        present[0], values = all_steps(present[0], tokens, targets)
        jax.block_until_ready((present[0], values))

    def present_loss() -> float:
        return float(jax.jit(loss)(present[0][0], tokens[0], targets[0]))

    return Job(unit, len(batches), loss=present_loss)


def weights_and_loss(task: dict):
    """The loss, the weights it takes, and which of them decay: a dictionary, or one flat array."""
    config, weights = task["config"], start(task)
    decays = {name: len(shape) == 2 for name, shape in shapes_of(config).items()}
    loss = loss_of(config)
    if not task.get("flat"):
        return loss, {name: jnp.asarray(array) for name, array in weights.items()}, decays
    sizes = {name: int(np.prod(shape)) for name, shape in shapes_of(config).items()}
    ends = np.cumsum(list(sizes.values()))

    def of_flat(flat, tokens, targets):
        parts = zip(shapes_of(config).items(), ends, strict=True)
        views = {n: flat[end - sizes[n] : end].reshape(shape) for (n, shape), end in parts}
        return loss(views, tokens, targets)

    flat = jnp.concatenate([jnp.asarray(array).reshape(-1) for array in weights.values()])
    if all(decays.values()):
        return of_flat, flat, True
    return of_flat, flat, jnp.asarray(np.repeat(list(decays.values()), list(sizes.values())))


if __name__ == "__main__":
    serve(prepare)

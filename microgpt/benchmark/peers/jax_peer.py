"""JAX's worker: a jitted step on a dictionary or a flat array of weights, or a scan over steps."""

import re
import tempfile
from functools import partial
from itertools import cycle
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax_model import initial_weights, loss_function, parameter_shapes
from layer_arrays import layer_arrays
from padding import pad_batch
from worker_protocol import Job, serve


def prepare(task: dict) -> Job:
    job = {"train": train, "linear_products": linear_products}[task["type"]](task)
    job.metadata |= {"jax": jax.__version__, "numpy": np.__version__, "threads": task["threads"]}
    return job


def used_instructions(task: dict) -> dict[str, str]:
    """The limit that XLA has taken: it dumps its options beside a small program."""
    with tempfile.TemporaryDirectory() as folder:
        jax.jit(jnp.tanh).lower(jnp.ones(8)).compile(compiler_options={"xla_dump_to": folder})
        texts = [path.read_text() for path in Path(folder).glob("*debug_options*")]
    found = re.search(r'xla_cpu_max_isa: "(\w+)"', "".join(texts))
    return {"XLA": found[1].lower() if found else "all instructions"}


def train(task: dict) -> Job:
    loss, weights, is_decayed = loss_and_weights(task)
    optimizer = task["optimizer"]
    decay_factor = 1.0 - optimizer["lr"] * optimizer["weight_decay"]

    def step(state, tokens, targets):
        weights, m, v, count = state
        value, grad = jax.value_and_grad(loss)(weights, tokens, targets)
        beta1, beta2 = optimizer["betas"]
        count = count + 1
        corrected_lr = optimizer["lr"] / (1 - beta1**count)
        v_correction = 1 / (1 - beta2**count)

        def update_m(m, g):
            return beta1 * m + (1 - beta1) * g

        def update_v(v, g):
            return beta2 * v + (1 - beta2) * g * g

        def update(w, m, v, is_decayed):
            if optimizer["name"] == "adamw":
                w = w * jnp.where(is_decayed, decay_factor, 1.0)
            return w - corrected_lr * m / (jnp.sqrt(v * v_correction) + optimizer["eps"])

        m, v = jax.tree.map(update_m, m, grad), jax.tree.map(update_v, v, grad)
        return (jax.tree.map(update, weights, m, v, is_decayed), m, v, count), value

    zeros = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros, jax.tree.map(jnp.copy, zeros), jnp.zeros((), jnp.float32))
    length = task["config"]["block_size"] if task.get("padded") else 0
    batches = [pad_batch(batch, length) for batch in task["batches"]]
    if task.get("scan"):
        return scan_job(step, state, batches, loss)
    return step_job(step, state, batches, task["steps"], loss)


def step_job(step, state, batches, steps: int, loss) -> Job:
    """Return a job that makes one jitted call per step; each new length is compiled once."""
    arrays = [tuple(map(jnp.asarray, batch)) for batch in batches]
    next_batches, current = cycle(arrays), [state]
    compiled_step = jax.jit(step, donate_argnums=0)
    compiled_loss = jax.jit(loss)

    def run_step():
        current[0], value = compiled_step(current[0], *next(next_batches))
        return value

    def unit():
        for _ in range(steps):
            value = run_step()
        jax.block_until_ready((current[0], value))

    return Job(
        unit, steps,
        first_call=lambda: jax.block_until_ready(run_step()),
        loss=lambda: float(compiled_loss(current[0][0], *arrays[0])),
    )  # fmt: skip


def scan_job(step, state, batches, loss) -> Job:
    """Return a job that runs all steps in one jitted `lax.scan`."""
    tokens, targets = (jnp.asarray(np.stack(part)) for part in zip(*batches, strict=True))
    current = [state]

    @partial(jax.jit, donate_argnums=0)
    def run_steps(state, tokens, targets):
        return jax.lax.scan(lambda state, batch: step(state, *batch), state, (tokens, targets))

    def unit():
        current[0], values = run_steps(current[0], tokens, targets)
        jax.block_until_ready((current[0], values))

    def current_loss() -> float:
        return float(jax.jit(loss)(current[0][0], tokens[0], targets[0]))

    return Job(unit, len(batches), loss=current_loss)


def linear_products(task: dict) -> Job:
    """A linear layer's products of a training step: y = x·Wᵀ, dx = dy·W and dW = dyᵀ·x.

    Each call writes into the memory of the last one's results, as steps with donated buffers do,
    and so waits for it.
    """
    x, weight, dy = map(jnp.asarray, layer_arrays(task["shape"]))
    results = [tuple(map(jnp.zeros_like, (dy, x, weight)))]

    @partial(jax.jit, donate_argnums=0, keep_unused=True)
    def products(results, x, weight, dy):
        return x @ weight.T, dy @ weight, dy.T @ x

    def unit():
        for _ in range(task["repeats"]):
            results[0] = products(results[0], x, weight, dy)
        jax.block_until_ready(results[0])

    return Job(unit, task["repeats"] * task["flops"], metadata={"unit": "GFLOP/s"})


def loss_and_weights(task: dict):
    """Return the loss, the weights (a dictionary or one flat array) and which of them decay."""
    config, weights = task["config"], initial_weights(task)
    is_decayed = {name: len(shape) == 2 for name, shape in parameter_shapes(config).items()}
    loss = loss_function(config)
    if not task.get("flat"):
        return loss, {name: jnp.asarray(array) for name, array in weights.items()}, is_decayed
    sizes = {name: int(np.prod(shape)) for name, shape in parameter_shapes(config).items()}
    ends = np.cumsum(list(sizes.values()))

    def loss_of_flat(flat, tokens, targets):
        parts = zip(parameter_shapes(config).items(), ends, strict=True)
        views = {n: flat[end - sizes[n] : end].reshape(shape) for (n, shape), end in parts}
        return loss(views, tokens, targets)

    flat = jnp.concatenate([jnp.asarray(array).reshape(-1) for array in weights.values()])
    if all(is_decayed.values()):
        return loss_of_flat, flat, True
    mask = np.repeat(list(is_decayed.values()), list(sizes.values()))
    return loss_of_flat, flat, jnp.asarray(mask)


if __name__ == "__main__":
    serve(prepare, used_instructions)

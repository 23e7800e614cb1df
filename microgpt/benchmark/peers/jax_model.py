"""The package's GPT written idiomatically in JAX: a function of a dictionary of weights."""

import jax
import jax.numpy as jnp
import numpy as np

EPS = 1e-5
MASKED_SCORE = -1e30  # softmax turns it into 0


def parameter_shapes(config: dict) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by name, with the package's names."""
    C, V = config["n_embd"], config["vocab_size"]
    shapes: dict[str, tuple[int, ...]] = {"wte.weight": (V, C)}
    shapes |= {"wpe.weight": (config["block_size"], C)}
    norms = [f"h.{layer}.ln_{half}" for layer in range(config["n_layer"]) for half in (1, 2)]
    norms += ["ln_f"] if config["final_norm"] else []
    for name in norms if config["norm"] == "layernorm" else []:
        shapes[f"{name}.weight"] = (C,)
        if config["bias"]:
            shapes[f"{name}.bias"] = (C,)
    matrices = {"attn.c_attn": (3 * C, C), "attn.c_proj": (C, C)}
    matrices |= {"mlp.c_fc": (4 * C, C), "mlp.c_proj": (C, 4 * C)}
    for layer in range(config["n_layer"]):
        for name, shape in matrices.items():
            shapes[f"h.{layer}.{name}.weight"] = shape
            if config["bias"]:
                shapes[f"h.{layer}.{name}.bias"] = shape[:1]
    if not config["tie_weights"]:
        shapes["lm_head.weight"] = (V, C)
    return shapes


def initial_weights(task: dict) -> dict[str, np.ndarray]:
    """Return the task's weights if there are any, else normally distributed ones."""
    shapes = parameter_shapes(task["config"])
    if task.get("weights"):
        with np.load(task["weights"]) as arrays:
            return {name: arrays[name].astype(np.float32) for name in shapes}
    rng = np.random.default_rng(0)
    weights = {}
    for name, shape in shapes.items():
        if len(shape) == 2:
            weights[name] = rng.standard_normal(shape, np.float32) * task["config"]["init_std"]
        else:
            weights[name] = np.full(shape, name.endswith("weight"), np.float32)
    return weights


def loss_function(config: dict):
    """Return loss(weights, tokens (B, T), targets (B, T)): mean cross-entropy of targets ≥ 0."""
    H, D = config["n_head"], config["n_embd"] // config["n_head"]

    def rms_norm(x):
        return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + EPS)

    def norm(weights, name, x):
        if config["norm"] != "layernorm":
            return rms_norm(x)
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        y = (x - mean) * jax.lax.rsqrt(variance + EPS) * weights[f"{name}.weight"]
        return y + weights[f"{name}.bias"] if config["bias"] else y

    def linear(weights, name, x):
        y = x @ weights[f"{name}.weight"].T
        return y + weights[f"{name}.bias"] if config["bias"] else y

    def attention(weights, name, x):
        B, T, C = x.shape
        qkv = linear(weights, f"{name}.c_attn", x).reshape(B, T, 3, H, D)
        q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]
        scores = jnp.einsum("bthd,bshd->bhts", q, k) / np.float32(D**0.5)
        scores = jnp.where(jnp.tril(jnp.ones((T, T), bool)), scores, MASKED_SCORE)
        y = jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(scores), v)
        return linear(weights, f"{name}.c_proj", y.reshape(B, T, C))

    def activation(x):
        return (
            jax.nn.gelu(x, approximate=True) if config["activation"] == "gelu" else jax.nn.relu(x)
        )

    def loss(weights, tokens, targets):
        T = tokens.shape[1]
        x = weights["wte.weight"][tokens] + weights["wpe.weight"][:T]
        if config["embedding_norm"]:
            x = rms_norm(x)
        for layer in range(config["n_layer"]):
            h = f"h.{layer}"
            x = x + attention(weights, f"{h}.attn", norm(weights, f"{h}.ln_1", x))
            y = activation(linear(weights, f"{h}.mlp.c_fc", norm(weights, f"{h}.ln_2", x)))
            x = x + linear(weights, f"{h}.mlp.c_proj", y)
        if config["final_norm"]:
            x = norm(weights, "ln_f", x)
        lm_head_weight = weights["wte.weight" if config["tie_weights"] else "lm_head.weight"]
        log_probs = jax.nn.log_softmax(x @ lm_head_weight.T)
        ids = jnp.maximum(targets, 0)[..., None]
        target_log_probs = jnp.take_along_axis(log_probs, ids, -1)[..., 0]
        mask = targets >= 0
        return -(target_log_probs * mask).sum() / mask.sum()

    return loss

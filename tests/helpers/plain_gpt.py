"""Any GPT in plain NumPy and float64, with every intermediate by name, and edits of them."""

import numpy as np

ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "gelu": lambda z: 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
}


def plain_gpt(model, tokens, edits=None):
    """Every activation of tokens (B, T) by name; `edits` maps names to functions of arrays."""
    config, edits = model.config, edits or {}
    w = {name: array.astype(np.float64) for name, array in model.state_dict().items()}
    found = {}
    tokens = np.asarray(tokens)
    T = tokens.shape[1]

    def offer(name, x):
        found[name] = edits[name](x.copy()) if name in edits else x
        return found[name]

    def linear(name, x):
        return x @ w[f"{name}.weight"].T + w.get(f"{name}.bias", 0.0)

    def norm(name, x):
        if config.norm == "layernorm":
            x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
        return offer(name, x * w.get(f"{name}.weight", 1.0) + w.get(f"{name}.bias", 0.0))

    def heads(x):
        return x.reshape(*x.shape[:2], config.n_head, -1).swapaxes(1, 2)  # (B, H, T, D)

    x = offer("token_embedding", w["wte.weight"][tokens])
    if config.position == "learned":
        x = x + offer("position_embedding", np.broadcast_to(w["wpe.weight"][:T], x.shape))
    x = offer("embedding", x)
    if config.dropout:
        x = offer("drop", x)
    if config.embedding_norm:
        x = norm("ln_emb", x)
    for h in (f"h.{layer}" for layer in range(config.n_layer)):
        qkv = np.split(linear(f"{h}.attn.c_attn", norm(f"{h}.ln_1", x)), 3, -1)
        q, k, v = (
            offer(f"{h}.attn.{label}", heads(part)) for label, part in zip("qkv", qkv, strict=True)
        )
        scores = offer(f"{h}.attn.scores", q @ k.swapaxes(-1, -2))
        scaled = offer(f"{h}.attn.scaled_scores", scores / np.sqrt(q.shape[-1]))
        hidden_from = np.where(np.tri(T, dtype=bool), scaled, -np.inf)
        weights = np.exp(hidden_from - hidden_from.max(-1, keepdims=True))
        weights = offer(f"{h}.attn.weights", weights / weights.sum(-1, keepdims=True))
        y = offer(f"{h}.attn.head_out", weights @ v).swapaxes(1, 2).reshape(x.shape)
        x = offer(f"{h}.resid_mid", x + offer(f"{h}.attn.out", linear(f"{h}.attn.c_proj", y)))
        z = offer(f"{h}.mlp.c_fc", linear(f"{h}.mlp.c_fc", norm(f"{h}.ln_2", x)))
        z = offer(f"{h}.mlp.hidden", ACTIVATIONS[config.activation](z))
        x = offer(f"{h}.out", x + offer(f"{h}.mlp.out", linear(f"{h}.mlp.c_proj", z)))
    if config.final_norm:
        x = norm("ln_f", x)
    head = w["wte.weight"] if config.tie_weights else w["lm_head.weight"]
    offer("logits", x @ head.T)
    return found

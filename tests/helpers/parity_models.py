"""A batch, llm.c's tiny models, and a GPT-2 in plain NumPy to compare with."""

import numpy as np
from llmc_files import SMALL, small_model

import microgpt as mg

TOKENS = [[0, 3, 6, 2, 1], [5, 5, 4, 0, 2]]


TARGETS = [[3, 6, 2, 1, 4], [5, -1, 0, 2, 6]]


MODELS = ("tiny_v1.bin", "tiny_v3.bin", "tiny_v5_bf16.bin")


def layer_norm(x, weight, bias):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * weight + bias


def intermediates(w, tokens, n_layer, n_head):
    """A GPT-2 in plain NumPy, in float64, with every intermediate by name."""
    w = {name: array.astype(np.float64) for name, array in w.items()}
    found = {}
    x = found["embedding"] = w["wte.weight"][tokens] + w["wpe.weight"][: tokens.shape[1]]
    for h in (f"h.{layer}" for layer in range(n_layer)):

        def linear(x, name, h=h):
            return x @ w[f"{h}.{name}.weight"].T + w[f"{h}.{name}.bias"]

        normed = layer_norm(x, w[f"{h}.ln_1.weight"], w[f"{h}.ln_1.bias"])
        q, k, v = (
            np.stack(np.split(part, n_head, -1), 1)
            for part in np.split(linear(normed, "attn.c_attn"), 3, -1)
        )
        scores = q @ k.swapaxes(-1, -2)
        scores[..., ~np.tri(tokens.shape[1], dtype=bool)] = -np.inf
        weights = np.exp(scores / np.sqrt(q.shape[-1]))
        weights /= weights.sum(-1, keepdims=True)
        found[f"{h}.attn.scores"], found[f"{h}.attn.weights"] = scores, weights
        y = np.concatenate(list((weights @ v).swapaxes(0, 1)), -1)
        out = found[f"{h}.attn.out"] = linear(y, "attn.c_proj")
        x = x + out
        normed = layer_norm(x, w[f"{h}.ln_2.weight"], w[f"{h}.ln_2.bias"])
        z = found[f"{h}.mlp.c_fc"] = linear(normed, "mlp.c_fc")
        z = 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))
        found[f"{h}.mlp.hidden"] = z
        found[f"{h}.mlp.out"] = linear(z, "mlp.c_proj")
        x = found[f"{h}.out"] = x + found[f"{h}.mlp.out"]
    found["logits"] = layer_norm(x, w["ln_f.weight"], w["ln_f.bias"]) @ w["wte.weight"].T
    return found


def on(backend, seed=0):
    model = mg.GPT(SMALL, backend=backend)
    model.load_state_dict(small_model(seed).state_dict())
    return model

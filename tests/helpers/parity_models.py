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
    token = found["token_embedding"] = w["wte.weight"][tokens]
    position = np.broadcast_to(w["wpe.weight"][: tokens.shape[1]], token.shape)
    found["position_embedding"] = position
    x = found["embedding"] = token + position
    for h in (f"h.{layer}" for layer in range(n_layer)):

        def linear(x, name, h=h):
            return x @ w[f"{h}.{name}.weight"].T + w[f"{h}.{name}.bias"]

        normed = layer_norm(x, w[f"{h}.ln_1.weight"], w[f"{h}.ln_1.bias"])
        found[f"{h}.ln_1"] = normed
        q, k, v = (
            np.stack(np.split(part, n_head, -1), 1)
            for part in np.split(linear(normed, "attn.c_attn"), 3, -1)
        )
        found |= {f"{h}.attn.q": q, f"{h}.attn.k": k, f"{h}.attn.v": v}
        scores = q @ k.swapaxes(-1, -2)
        scores[..., ~np.tri(tokens.shape[1], dtype=bool)] = -np.inf
        scaled = scores / np.sqrt(q.shape[-1])
        weights = np.exp(scaled)
        weights /= weights.sum(-1, keepdims=True)
        found[f"{h}.attn.scores"], found[f"{h}.attn.scaled_scores"] = scores, scaled
        found[f"{h}.attn.weights"], found[f"{h}.attn.head_out"] = weights, weights @ v
        y = np.concatenate(list((weights @ v).swapaxes(0, 1)), -1)
        out = found[f"{h}.attn.out"] = linear(y, "attn.c_proj")
        x = found[f"{h}.resid_mid"] = x + out
        normed = layer_norm(x, w[f"{h}.ln_2.weight"], w[f"{h}.ln_2.bias"])
        found[f"{h}.ln_2"] = normed
        z = found[f"{h}.mlp.c_fc"] = linear(normed, "mlp.c_fc")
        z = 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))
        found[f"{h}.mlp.hidden"] = z
        found[f"{h}.mlp.out"] = linear(z, "mlp.c_proj")
        x = found[f"{h}.out"] = x + found[f"{h}.mlp.out"]
    x = found["ln_f"] = layer_norm(x, w["ln_f.weight"], w["ln_f.bias"])
    found["logits"] = x @ w["wte.weight"].T
    return found


def on(backend, seed=0):
    model = mg.GPT(SMALL, backend=backend)
    model.load_state_dict(small_model(seed).state_dict())
    return model

"""Small configurations of every shape that a trace meets, and random tokens."""

import dataclasses

import numpy as np

import microgpt as mg

MICROGPT = mg.GPTConfig(vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8, init_std=0.3)
GPT2 = dataclasses.replace(
    MICROGPT, norm="layernorm", activation="gelu", embedding_norm=False, final_norm=True,
    tie_weights=True, bias=True,
)  # fmt: skip

CONFIGS = {
    "microgpt": MICROGPT,
    "one layer": dataclasses.replace(MICROGPT, n_layer=1, n_head=1),
    "gpt2": GPT2,
    "layer norm without biases": dataclasses.replace(GPT2, bias=False, tie_weights=False),
    "all norms": dataclasses.replace(MICROGPT, final_norm=True, activation="tanh"),
    "gpt2 with embedding norm": dataclasses.replace(GPT2, embedding_norm=True),
    "no norm at the end": dataclasses.replace(GPT2, final_norm=False, activation="sigmoid"),
    "no positions": dataclasses.replace(MICROGPT, position="none", qkv_bias=True),
    "dropout": dataclasses.replace(GPT2, dropout=0.2),
}


def random_model(config=MICROGPT, dtype="float64", seed=0):
    """A model whose biases and norm weights are random too, as after training."""
    model = mg.GPT(config, seed=seed, dtype=dtype)
    rng = np.random.default_rng(seed)
    for name, parameter in model.named_parameters():
        if name.endswith("bias") or ".ln" in f".{name}":
            parameter.data[...] += rng.normal(0, 0.2, parameter.shape)
    return model


def tokens_of(config=MICROGPT, rows=2, seed=0, length=None):
    rng = np.random.default_rng(seed)
    return rng.integers(0, config.vocab_size, (rows, length or config.block_size))

"""The character model's first hundred steps: what is trained on what, for us and for PyTorch."""

import dataclasses

import numpy as np

import microgpt as mg

STEPS, BATCH_SIZE, LR, BETAS, WEIGHT_DECAY = 100, 12, 1e-3, (0.9, 0.95), 0.1


def model_and_batches():
    """The model before its first step, and all tokens and targets: two arrays (steps, B, T)."""
    corpus = mg.load_corpus("story")
    tokenizer = corpus.tokenizer()
    text = np.array(tokenizer.encode(corpus.documents[0]), np.int32)
    config = dataclasses.replace(
        mg.GPTConfig.preset("char"), vocab_size=tokenizer.vocab_size, norm="layernorm",
        activation="gelu", bias=True, embedding_norm=False, final_norm=True,
    )  # fmt: skip
    T = config.block_size
    starts = np.random.default_rng(0).integers(0, len(text) - T, (STEPS, BATCH_SIZE))
    windows = text[starts[..., None] + np.arange(T + 1)]
    tokens, targets = (np.ascontiguousarray(part) for part in (windows[..., :-1], windows[..., 1:]))
    return mg.GPT(config, seed=5), tokens, targets

"""A small configuration and random batches."""

import numpy as np

import microgpt as mg

SMALL = mg.GPTConfig(vocab_size=11, block_size=6, n_layer=2, n_head=2, n_embd=8, init_std=0.3)


def batch(config, rows=3, seed=0):
    rng = np.random.default_rng(seed)
    shape = (rows, config.block_size)
    return rng.integers(0, config.vocab_size, shape), rng.integers(-1, config.vocab_size, shape)

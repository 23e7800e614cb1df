"""A small model for generation, and generation without a cache to compare with."""

import microgpt as mg

CONFIG = mg.GPTConfig(vocab_size=9, block_size=8, n_layer=2, n_embd=12, n_head=3, init_std=0.5)


def by_hand(model, tokens, count, **options):
    """Generation without a cache: the whole text goes through the model for every token."""
    tokens, seed = list(tokens), options.pop("seed", 0)
    for t in range(len(tokens), len(tokens) + count):
        logits = model(tokens).numpy()[-1]
        tokens.append(mg.next_token(logits, **options, u=mg.uniform(seed, t)).token)
    return tokens


GPT2 = {"norm": "layernorm", "activation": "gelu", "bias": True, "tie_weights": True}

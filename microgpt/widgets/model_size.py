"""`model_size`: parameters by part and operations for a token, counted from shapes alone."""

from math import prod

from microgpt.config import GPTConfig
from microgpt.viz.residual_ledger import ModelSize

# What the name of a parameter contains -> its part; biases belong to the matrix that they follow.
PARTS = {
    "wte.": "token table", "wpe.": "positions", ".attn.": "attention", ".mlp.": "MLPs",
    "ln_": "norms", "lm_head.": "head",
}  # fmt: skip
LOOKED_UP = ("wte.weight", "wpe.weight")  # tables of which a token reads one row


def model_size(config: GPTConfig) -> ModelSize:
    """Count a model that is never built.

    A matrix takes two operations for each of its numbers, a product and a sum. Attention takes as
    many for each number of query · key and of weights · value, with every place of the window to
    look at.                                                     Kaplan et al. 2020, section 2.1
    """
    shapes = config.parameter_shapes()
    parts = dict.fromkeys(PARTS.values(), 0)
    matrices = 0
    for name, shape in shapes.items():
        part = next(part for key, part in PARTS.items() if key in name)
        parts[part] += prod(shape)
        if len(shape) == 2 and name not in LOOKED_UP:
            matrices += prod(shape)
    if config.tie_weights:
        matrices += prod(shapes["wte.weight"])  # the table is the head, too
    return ModelSize(
        parts={part: count for part, count in parts.items() if count},
        matrix_operations=2 * matrices,
        attention_operations=2 * 2 * config.n_layer * config.block_size * config.n_embd,
    )

"""Check, before anything is allocated, that a training run fits in memory."""

from dataclasses import replace
from math import prod

from microgpt._io.memory import available_memory
from microgpt.config import GPTConfig, TrainConfig
from microgpt.errors import Described, SettingError
from microgpt.plain_text import format_bytes

ARRAYS_PER_PARAMETER = 4  # weights, gradients and Adam's two moments
FLOAT_BYTES = 4  # bytes of a float32
LAYER_BYTES = 20_000  # bytes of a layer's Python objects, however small its arrays are


def check_fits_memory(config: GPTConfig, train_config: TrainConfig, min_row_tokens: int) -> None:
    """Raise SettingError if training such a model takes more than the available memory.

    The estimate is a lower bound, so that no run is rejected that would fit: weights, gradients,
    optimizer state, and the logits and embeddings of a batch with rows of `min_row_tokens` tokens.
    """
    available = available_memory()
    count = parameter_count(config)
    model_bytes = ARRAYS_PER_PARAMETER * FLOAT_BYTES * count + LAYER_BYTES * config.n_layer
    if model_bytes > available:
        raise SettingError(
            ("n_embd", "n_layer", "block_size"),
            f"smaller, to train in the {format_bytes(available)} of memory available",
            Described(
                f"a model of {count:,} parameters, which takes {format_bytes(model_bytes)} or more"
            ),
        )
    rows, seq_len = train_config.batch_size, min(min_row_tokens, config.block_size)
    numbers_per_token = config.vocab_size + config.n_embd * config.n_layer
    batch_bytes = FLOAT_BYTES * rows * seq_len * numbers_per_token
    if model_bytes + batch_bytes > available:
        raise SettingError(
            ("batch_size", "block_size"),
            f"smaller, to train in the {format_bytes(available)} of memory available",
            Described(
                f"a batch of {rows:,}, which takes {format_bytes(batch_bytes)} or more beside the "
                "model"
            ),
            "choose a smaller {batch_size} and a larger {grad_accum_steps}",
        )


def parameter_count(config: GPTConfig) -> int:
    """Count a model's parameters from its shapes with one and two layers, in constant time."""
    one, two = (
        sum(map(prod, replace(config, n_layer=layers).parameter_shapes().values()))
        for layers in (1, 2)
    )
    return one + (config.n_layer - 1) * (two - one)

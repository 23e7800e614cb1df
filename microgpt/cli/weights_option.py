"""The option --weights: what a loaded model's matrices are kept as, and what that costs."""

import sys
from dataclasses import replace
from typing import Any

from microgpt.cli.held_out_text import held_out_text

FLOAT32 = "float32"


def add_weights_option(group: Any) -> None:
    """Add --weights."""
    group.add_argument(
        "--weights", choices=(FLOAT32, "bf16", "int8"), default=FLOAT32,
        help="what the matrices are kept as: in a half or a quarter of the memory they are read "
        "faster; prints what that costs in loss",
    )  # fmt: skip


def with_weights(checkpoint: Any, weights: str) -> Any:
    """Return the checkpoint with its weights kept so; print on stderr what was saved and lost."""
    from microgpt.models.quantized_gpt import quantize
    from microgpt.plain_text import format_bytes

    if weights == FLOAT32:
        return checkpoint
    quantized = quantize(checkpoint.model, weights)
    sizes = map(format_bytes, (quantized.weight_bytes, quantized.float32_bytes))
    print(
        f"microgpt: {weights} weights: {' in place of '.join(sizes)}; "
        f"{_loss_in_words(checkpoint, quantized)}",
        file=sys.stderr,
    )
    return replace(checkpoint, model=quantized)


def _loss_in_words(checkpoint: Any, quantized: Any) -> str:
    """Say the loss of both models on the same text."""
    from microgpt.training.evaluation import evaluate_loss

    text = held_out_text(checkpoint)
    if text is None:
        return "the loss was not measured, since no text here is one that its tokenizer reads"
    new, old = (
        evaluate_loss(model, text.batches, cancelled=lambda: False)
        for model in (quantized, checkpoint.model)
    )
    assert new is not None  # nobody cancels
    assert old is not None
    return (
        f"loss on {text.label}: {new.loss:.4f} in place of {old.loss:.4f} nats a token "
        f"({new.tokens:,} tokens)"
    )

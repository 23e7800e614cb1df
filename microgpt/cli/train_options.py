"""The options of `microgpt train`, in groups; what is not said comes from the preset's recipe."""

import argparse
from typing import Any

SHAPE = ("n_layer", "n_head", "n_embd", "block_size", "dropout", "qkv_bias")
TRAINING = (
    "steps", "epochs", "batch_size", "accumulate", "stride", "optimizer", "lr", "schedule",
    "warmup", "min_lr", "weight_decay", "beta1", "beta2", "clip", "held_out", "seed", "eval_every",
    "eval_batches", "eval_train", "sample_every", "samples", "sample_tokens", "prompt", "patience",
)  # fmt: skip


def add(parser: argparse.ArgumentParser) -> None:
    """All options; numbers in brackets are those of the preset microgpt."""
    _data(parser.add_argument_group("what it learns from"))
    _model(parser.add_argument_group("the model (instead of the preset's)"))
    _steps(parser.add_argument_group("how it learns (instead of the preset's recipe)"))
    _watching(parser.add_argument_group("what is looked at on the way"))
    _files(parser.add_argument_group("what is kept"))


def _data(group: Any) -> None:
    group.add_argument(
        "--corpus",
        metavar="NAME",
        help="a corpus by name, a text file, or a folder with *train*.bin, as `microgpt tokenize` "
        "writes it (names-mini)",
    )
    group.add_argument(
        "--format", choices=("lines", "text"), help="read the file as lines, or as one text"
    )
    group.add_argument(
        "--tokenizer", metavar="KIND", help="char, gpt2, or bpe:1000 to learn one from the corpus"
    )
    group.add_argument("--held-out", type=float, metavar="SHARE", help="for validation (0.2)")
    group.add_argument(
        "--stride",
        type=int,
        metavar="N",
        help="cut a text into windows this far apart, for epochs",
    )


def _model(group: Any) -> None:
    group.add_argument(
        "--preset",
        metavar="NAME",
        help="microgpt (the default), char, gpt2-small-char, gpt2-small, gpt2-124M, …; each with a "
        "recipe of its own, and GPT-2's on the-verdict with that of a short text: windows in ten "
        "epochs, no qkv bias",
    )
    for name in ("n-layer", "n-head", "n-embd", "block-size"):
        group.add_argument(f"--{name}", type=int, metavar="N")
    group.add_argument("--dropout", type=float, metavar="P", help="share that is left out")
    group.add_argument(
        "--qkv-bias",
        action=argparse.BooleanOptionalAction,
        help="biases of queries, keys and values",
    )


def _steps(group: Any) -> None:
    group.add_argument("--steps", type=int, metavar="N", help="updates of the weights (1000)")
    group.add_argument("--epochs", type=int, metavar="N", help="passes over the data, not steps")
    group.add_argument("--batch-size", type=int, metavar="N", help="texts or windows a batch (1)")
    group.add_argument("--accumulate", type=int, metavar="N", help="batches a step (1)")
    group.add_argument("--optimizer", metavar="NAME", help="adam or adamw (adam)")
    group.add_argument("--lr", type=float, metavar="LR", help="learning rate (0.01)")
    group.add_argument(
        "--schedule", metavar="NAME", help="how it falls: linear, cosine, or constant (linear)"
    )
    group.add_argument("--warmup", type=int, metavar="STEPS", help="in which it rises first (0)")
    group.add_argument("--min-lr", type=float, metavar="LR", help="where it would end (0)")
    group.add_argument("--weight-decay", type=float, metavar="W", help="of matrices, with adamw")
    group.add_argument("--beta1", type=float, metavar="B", help="memory for gradients (0.85)")
    group.add_argument("--beta2", type=float, metavar="B", help="memory for their squares (0.99)")
    group.add_argument("--clip", type=float, metavar="NORM", help="the largest gradient norm")
    group.add_argument("--seed", type=int, metavar="N", help="of all that is random (42)")


def _watching(group: Any) -> None:
    group.add_argument(
        "--eval-every", type=int, metavar="STEPS", help="measure the held-out loss (never)"
    )
    group.add_argument(
        "--eval-batches", type=int, metavar="N", help="on so many batches (1,000 rows)"
    )
    group.add_argument(
        "--eval-train",
        action=argparse.BooleanOptionalAction,
        help="measure the loss of training data too",
    )
    group.add_argument(
        "--patience", type=int, metavar="N", help="stop after N evaluations without a new best"
    )
    group.add_argument("--sample-every", type=int, metavar="STEPS", help="write texts (never)")
    group.add_argument("--samples", type=int, metavar="N", help="how many texts (20)")
    group.add_argument("--sample-tokens", type=int, metavar="N", help="most tokens of a text")
    group.add_argument("--prompt", metavar="TEXT", help="how they begin")


def _files(group: Any) -> None:
    group.add_argument(
        "--out",
        metavar="FOLDER",
        help="the folder for model.safetensors, training.safetensors to resume from, and with "
        "--eval-every best.safetensors (runs/latest, or what is resumed)",
    )
    group.add_argument("--save-every", type=int, metavar="STEPS", help="besides at the end")
    group.add_argument(
        "--resume",
        metavar="RUN",
        help="go on with a run where it stopped; how long and how it learns and what is looked at "
        "may change, what a batch is and the seed may not",
    )
    group.add_argument("--plot", metavar="FILE", help="a picture of the losses, png, svg or pdf")


def said(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """The options among these that were given."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}

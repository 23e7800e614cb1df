"""The options of `microgpt train`, in groups; omitted ones get the preset's defaults."""

import argparse
from typing import Any

from microgpt.cli.corpus_options import add_reading_options
from microgpt.cli.model_options import add_ignore_extra_heads

# The fields of GPTConfig and of TrainConfig that have an option of the same name.
MODEL_FIELDS = ("n_layer", "n_head", "n_embd", "block_size", "dropout", "qkv_bias")
TRAIN_FIELDS = (
    "steps", "epochs", "batch_size", "grad_accum_steps", "stride", "optimizer", "lr", "lr_schedule",
    "warmup_steps", "min_lr", "weight_decay", "beta1", "beta2", "grad_clip", "val_fraction", "seed",
    "eval_every", "eval_batches", "eval_train", "patience", "sample_every", "num_samples",
    "sample_max_new_tokens", "sample_prompt",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add all options; help texts have the defaults of the preset microgpt in brackets."""
    _data(parser.add_argument_group("data"))
    _model(parser.add_argument_group("model (in place of the preset's)"))
    _optimization(parser.add_argument_group("optimization (in place of the preset's defaults)"))
    _evaluation(parser.add_argument_group("evaluation and samples"))
    _files(parser.add_argument_group("files"))


def _data(group: Any) -> None:
    group.add_argument(
        "--corpus",
        metavar="NAME",
        help="a corpus by name, a text file, or a folder with *train*.bin, as `microgpt tokenize` "
        "or nanoGPT writes it, or *train*.npy (names-mini)",
    )
    add_reading_options(group)
    group.add_argument(
        "--tokenizer", metavar="NAME", help="char, gpt2, or bpe:1000 to train one on the corpus"
    )
    group.add_argument(
        "--val-fraction", type=float, metavar="P", help="fraction of the data for validation (0.2)"
    )
    group.add_argument(
        "--stride",
        type=int,
        metavar="N",
        help="tokens from the start of a window of text to the next (random windows)",
    )


def _model(group: Any) -> None:
    group.add_argument(
        "--preset",
        metavar="NAME",
        help="microgpt (the default), char, gpt2-small-char, gpt2-small, gpt2-124M, …; each with "
        "defaults of its own, and GPT-2's on the-verdict with those for a short text: ten epochs "
        "of windows side by side, no qkv bias",
    )
    group.add_argument(
        "--init-from",
        metavar="MODEL",
        help="fine-tune a trained model with its own tokenizer, in place of a preset: gpt2, a run, "
        "or another program's files, as `microgpt sample` takes them",
    )
    add_ignore_extra_heads(group)
    group.add_argument("--n-layer", type=int, metavar="N", help="blocks")
    group.add_argument("--n-head", type=int, metavar="N", help="attention heads")
    group.add_argument("--n-embd", type=int, metavar="N", help="embedding dimension")
    group.add_argument("--block-size", type=int, metavar="N", help="context length in tokens")
    group.add_argument("--dropout", type=float, metavar="P", help="dropout probability")
    group.add_argument(
        "--qkv-bias",
        action=argparse.BooleanOptionalAction,
        help="biases of queries, keys and values",
    )


def _optimization(group: Any) -> None:
    group.add_argument("--steps", type=int, metavar="N", help="optimizer updates (1000)")
    group.add_argument(
        "--epochs", type=int, metavar="N", help="passes over the data, in place of --steps"
    )
    group.add_argument("--batch-size", type=int, metavar="N", help="sequences in a batch (1)")
    group.add_argument(
        "--grad-accum-steps", type=int, metavar="N", help="batches in an optimizer update (1)"
    )
    group.add_argument("--optimizer", metavar="NAME", help="adam or adamw (adam)")
    group.add_argument("--lr", type=float, metavar="LR", help="peak learning rate (0.01)")
    group.add_argument(
        "--lr-schedule", metavar="NAME", help="linear or cosine decay, or constant (linear)"
    )
    group.add_argument("--warmup-steps", type=int, metavar="N", help="linear warmup steps (0)")
    group.add_argument("--min-lr", type=float, metavar="LR", help="final learning rate (0)")
    group.add_argument(
        "--weight-decay", type=float, metavar="W", help="AdamW's weight decay, of matrices (0.01)"
    )
    group.add_argument(
        "--beta1", type=float, metavar="B", help="decay of Adam's average of gradients (0.85)"
    )
    group.add_argument(
        "--beta2", type=float, metavar="B", help="decay of Adam's average of their squares (0.99)"
    )
    group.add_argument(
        "--grad-clip", type=float, metavar="NORM", help="largest gradient norm (no clipping)"
    )
    group.add_argument("--seed", type=int, metavar="N", help="seed of weights and batches (42)")


def _evaluation(group: Any) -> None:
    group.add_argument(
        "--eval-every", type=int, metavar="N", help="evaluate every N steps (at the end only)"
    )
    group.add_argument(
        "--eval-batches", type=int, metavar="N", help="batches of an evaluation (1,000 rows)"
    )
    group.add_argument(
        "--eval-train",
        action=argparse.BooleanOptionalAction,
        help="evaluate on training data too",
    )
    group.add_argument(
        "--patience",
        type=int,
        metavar="N",
        help="stop early after N evaluations without a new best",
    )
    group.add_argument(
        "--sample-every", type=int, metavar="N", help="print samples every N steps (at the end)"
    )
    group.add_argument("--num-samples", type=int, metavar="N", help="number of samples (20)")
    group.add_argument(
        "--sample-max-new-tokens", type=int, metavar="N", help="largest length of a sample"
    )
    group.add_argument("--sample-prompt", metavar="TEXT", help="prompt for samples (none)")


def _files(group: Any) -> None:
    group.add_argument(
        "--out",
        metavar="FOLDER",
        help="the folder for model.safetensors, training.safetensors to resume from, and with "
        "--eval-every best.safetensors (runs/latest, or the resumed run's)",
    )
    group.add_argument("--save-every", type=int, metavar="N", help="also save every N steps")
    group.add_argument(
        "--resume",
        metavar="RUN",
        help="continue a run; its length, optimization and evaluation may change, its data order "
        "(seed, batch size, accumulation, stride) may not",
    )
    group.add_argument("--plot", metavar="FILE", help="plot of the losses, png, svg or pdf")


def specified(options: argparse.Namespace, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the named options that were given on the command line."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}

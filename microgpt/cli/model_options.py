"""Options of the commands that load a model, for what other programs' files do not record."""

import argparse
from typing import Any


def add_model_options(group: Any) -> None:
    """Add --tokenizer, --n-head and --ignore-extra-heads."""
    group.add_argument(
        "--tokenizer", metavar="gpt2|FILE",
        help="use GPT-2's tokenizer, or that of a tokenizer.json, merges.txt or vocab.bpe, or of a "
        "folder that has one",
    )  # fmt: skip
    group.add_argument(
        "--n-head", type=int, metavar="N",
        help="attention heads, for files that do not record them (heads of 64 channels)",
    )  # fmt: skip
    add_ignore_extra_heads(group)


def add_ignore_extra_heads(group: Any) -> None:
    """Add --ignore-extra-heads."""
    group.add_argument(
        "--ignore-extra-heads", action="store_true",
        help="leave out heads beside the language model's, such as a classifier's",
    )  # fmt: skip


def load_model(source: str, options: argparse.Namespace) -> Any:
    """Load the checkpoint at `source` with the options of `add_model_options`."""
    from microgpt.pretrained import load_pretrained

    return load_pretrained(
        source,
        n_head=options.n_head,
        tokenizer=named_tokenizer(options.tokenizer),
        ignore_extra_heads=options.ignore_extra_heads,
    )


def named_tokenizer(name: str | None) -> Any:
    """Load the tokenizer that --tokenizer names; None if it was not given."""
    from microgpt import tokenizers
    from microgpt.errors import DownloadError

    if name is None:
        return None
    if name != "gpt2":
        return tokenizers.load(name)
    try:
        return tokenizers.gpt2()
    except DownloadError as error:
        own = "name a merges.txt or vocab.bpe that you have as {tokenizer}"
        error.remedies = (own, *error.remedies)
        raise

"""The model that `microgpt train --init-from` starts from, with its tokenizer."""

import argparse
from dataclasses import replace
from typing import Any

from microgpt.cli.model_options import named_tokenizer
from microgpt.cli.train_data import TrainingTexts
from microgpt.cli.train_options import specified

# Options that would describe another model than the one that there is.
CONTRADICTING = ("preset", "n_layer", "n_embd", "qkv_bias")


def load_initial(options: argparse.Namespace) -> Any:
    """Load the checkpoint to start from, None without --init-from.

    Raises SettingError on options that contradict it.
    """
    from microgpt.errors import FormatError, SettingError
    from microgpt.pretrained import load_pretrained

    if options.init_from is None:
        check_without_init(options)
        return None
    contradicting = specified(options, CONTRADICTING)
    if contradicting:
        raise SettingError(
            tuple(contradicting),
            "left out with {init_from}: the model is as it was trained",
            tuple(contradicting.values()),
        )
    settings = {"n_head": options.n_head, "ignore_extra_heads": options.ignore_extra_heads}
    checkpoint = load_pretrained(options.init_from, **settings)
    if options.tokenizer is None:
        if checkpoint.tokenizer is None:
            raise FormatError(
                f"{options.init_from} holds no tokenizer",
                "name the one it was trained with, such as {tokenizer}",
                tokenizer="gpt2",
            )
        return checkpoint
    if checkpoint.tokenizer is not None:
        raise SettingError(
            "tokenizer",
            "left out with {init_from}: the model has a tokenizer, and knows no other's ids",
            options.tokenizer,
        )
    if options.tokenizer == "char" or options.tokenizer.startswith("bpe:"):
        raise SettingError(
            "tokenizer",
            "the one that the model of {init_from} was trained with: gpt2, or a file",
            options.tokenizer,
        )
    tokenizer = named_tokenizer(options.tokenizer)
    return load_pretrained(options.init_from, tokenizer=tokenizer, **settings)


def check_without_init(options: argparse.Namespace) -> None:
    """Raise SettingError on options that only a trained model needs."""
    from microgpt.errors import SettingError

    if options.ignore_extra_heads:
        raise SettingError("ignore_extra_heads", "left out without {init_from}", True)


def check_same_tokenizer(texts: TrainingTexts, tokenizer: Any) -> None:
    """Raise SettingError if shards were written with another tokenizer than the model's."""
    from microgpt.errors import Described, SettingError
    from microgpt.tokenizers.association import same_tokens

    if texts.tokenizer is not None and not same_tokens(texts.tokenizer, tokenizer):
        raise SettingError(
            "corpus",
            "tokens of the model's own tokenizer with {init_from}",
            Described(f"those of another, {texts.tokenizer!r}"),
            "name the texts themselves, which the model's tokenizer then encodes",
        )


def initial_config(config: Any, options: argparse.Namespace) -> Any:
    """Return the model's config with a smaller block size, or other dropout, if given."""
    from microgpt.errors import SettingError

    if options.block_size is not None and options.block_size > config.block_size:
        raise SettingError(
            "block_size",
            f"at most {config.block_size}, the positions that the model of {{init_from}} has",
            options.block_size,
        )
    return replace(config, **specified(options, ("block_size", "dropout")))


def initial_model(model: Any, config: Any, seed: int) -> Any:
    """Return the model to train: with its first positions if `config` has fewer, and its dropout.

    `seed` is that of dropout's masks.
    """
    from microgpt.models.gpt import GPT

    if config != model.config:
        dtype, trained = str(model.wte.weight.data.dtype), dict(model.named_parameters())
        model = GPT(config, seed=None, dtype=dtype, backend=model.backend.name)
        for name, parameter in model.named_parameters():
            parameter.data = trained[name].data[: len(parameter.data)]
    model.dropout_seed = seed
    return model

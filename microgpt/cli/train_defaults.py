"""What `microgpt train` does where nothing is said: settings that go with a model's shape."""

from typing import Any

# Fields of TrainConfig and GPTConfig, and the tokenizer's kind.
COMMON: dict[str, Any] = {"tokenizer": "char", "samples": 20}

_GPT2: dict[str, Any] = {
    "tokenizer": "gpt2",
    "optimizer": "adamw",
    "schedule": "cosine",
    "weight_decay": 0.1,
    "beta1": 0.9,
    "beta2": 0.95,
    "clip": 1.0,
    "held_out": 0.1,
    "eval_train": True,
    "eval_batches": 20,
    "samples": 2,
    "sample_tokens": 60,
}
_SMALL = {"steps": 2000, "batch_size": 12, "lr": 1e-3, "min_lr": 1e-4, "warmup": 100}
_LARGE = {"steps": 1000, "batch_size": 2, "accumulate": 4, "warmup": 50}

# The larger the model, the smaller its steps (Brown et al. 2020, table 2.1).
RECIPES: dict[str, dict[str, Any]] = {
    "microgpt": {},
    "char": {},
    "gpt2-small-char": {**_GPT2, **_SMALL, "tokenizer": "char"},
    "gpt2-small": {**_GPT2, **_SMALL},
    "gpt2-124M": {**_GPT2, **_LARGE, "lr": 6e-4, "min_lr": 6e-5, "block_size": 256},
    "gpt2-355M": {**_GPT2, **_LARGE, "lr": 3e-4, "min_lr": 3e-5, "block_size": 256},
    "gpt2-774M": {**_GPT2, **_LARGE, "lr": 2.5e-4, "min_lr": 2.5e-5, "block_size": 256},
    "gpt2-1558M": {**_GPT2, **_LARGE, "lr": 2e-4, "min_lr": 2e-5, "block_size": 256},
}

# A short text, gone through again and again in windows side by side: how a model memorises.
SHORT_TEXT: dict[str, Any] = {
    "epochs": 10,
    "batch_size": 2,
    "accumulate": 1,
    "stride": "block_size",
    "schedule": "constant",
    "lr": 4e-4,
    "min_lr": 0.0,
    "warmup": 0,
    "beta2": 0.999,
    "clip": None,
    "dropout": 0.1,
    "qkv_bias": False,
    "eval_every": 5,
    "eval_batches": 5,
    "sample_every": 9,
    "samples": 1,
    "sample_tokens": 50,
    "prompt": "Every effort moves you",
}
SHORT_TEXTS = ("the-verdict",)


def recipe(preset: str, corpus: str, kind: str | None) -> dict[str, Any]:
    """The settings for a preset, on a corpus that is read as `kind`."""
    settings = COMMON | RECIPES.get(preset, {})
    if corpus in SHORT_TEXTS and kind != "lines" and preset.startswith("gpt2"):
        settings |= SHORT_TEXT
    return settings

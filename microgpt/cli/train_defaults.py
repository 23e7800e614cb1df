"""Defaults of `microgpt train`: hyperparameters for each preset, and for short texts."""

from typing import Any

# Keys are fields of TrainConfig and GPTConfig, and "tokenizer".
_COMMON: dict[str, Any] = {"tokenizer": "char", "num_samples": 20}

_GPT2: dict[str, Any] = {
    "tokenizer": "gpt2",
    "optimizer": "adamw",
    "lr_schedule": "cosine",
    "weight_decay": 0.1,
    "beta1": 0.9,
    "beta2": 0.95,
    "grad_clip": 1.0,
    "val_fraction": 0.1,
    "eval_train": True,
    "eval_batches": 20,
    "num_samples": 2,
    "sample_max_new_tokens": 60,
}
_SMALL = {"steps": 2000, "batch_size": 12, "lr": 1e-3, "min_lr": 1e-4, "warmup_steps": 100}
_LARGE = {"steps": 1000, "batch_size": 2, "grad_accum_steps": 4, "warmup_steps": 50}

# The larger the model, the smaller its learning rate (Brown et al. 2020, table 2.1).
PRESET_DEFAULTS: dict[str, dict[str, Any]] = {
    "microgpt": {},
    "char": {},
    "gpt2-small-char": {**_GPT2, **_SMALL, "tokenizer": "char"},
    "gpt2-small": {**_GPT2, **_SMALL},
    "gpt2-124M": {**_GPT2, **_LARGE, "lr": 6e-4, "min_lr": 6e-5, "block_size": 256},
    "gpt2-355M": {**_GPT2, **_LARGE, "lr": 3e-4, "min_lr": 3e-5, "block_size": 256},
    "gpt2-774M": {**_GPT2, **_LARGE, "lr": 2.5e-4, "min_lr": 2.5e-5, "block_size": 256},
    "gpt2-1558M": {**_GPT2, **_LARGE, "lr": 2e-4, "min_lr": 2e-5, "block_size": 256},
}

# For a trained model: few steps with a small, constant learning rate.
_FINE_TUNING: dict[str, Any] = {
    **_GPT2,
    **_LARGE,
    "steps": 200,
    "lr_schedule": "constant",
    "warmup_steps": 0,
}
FINE_TUNING_LR = 0.024  # divided by n_embd: 3e-5 for GPT-2 (124M)
MIN_BLOCK_FOR_LONG_SAMPLES = 128

# For a short text: many epochs of adjacent windows, as in studies of memorisation.
SHORT_TEXT: dict[str, Any] = {
    "epochs": 10,
    "batch_size": 2,
    "grad_accum_steps": 1,
    "stride": "block_size",
    "lr_schedule": "constant",
    "lr": 4e-4,
    "min_lr": 0.0,
    "warmup_steps": 0,
    "beta2": 0.999,
    "grad_clip": None,
    "dropout": 0.1,
    "qkv_bias": False,
    "eval_every": 5,
    "eval_batches": 5,
    "sample_every": 9,
    "num_samples": 1,
    "sample_max_new_tokens": 50,
    "sample_prompt": "Every effort moves you",
}
SHORT_TEXTS = ("the-verdict",)


def fine_tuning_defaults(n_embd: int, block_size: int) -> dict[str, Any]:
    """Return the default settings of a run that starts from a trained model of this size."""
    settings = _FINE_TUNING | {"lr": float(f"{FINE_TUNING_LR / n_embd:.1g}")}
    if block_size < MIN_BLOCK_FOR_LONG_SAMPLES:
        settings["sample_max_new_tokens"] = None
    return settings


def defaults(preset: str, corpus: str, format: str | None) -> dict[str, Any]:
    """Return a new run's default settings; `format` is as in `load_corpus`, None by default."""
    settings = _COMMON | PRESET_DEFAULTS.get(preset, {})
    if corpus in SHORT_TEXTS and format != "lines" and preset.startswith("gpt2"):
        settings |= SHORT_TEXT
    return settings

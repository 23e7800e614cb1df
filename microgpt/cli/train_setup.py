"""Build the trainer of a new or resumed run from the options of `microgpt train`."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from microgpt.cli.memory_check import check_fits_memory
from microgpt.cli.progress import Progress
from microgpt.cli.train_data import check_shards, load_texts, load_tokenizer
from microgpt.cli.train_defaults import defaults, fine_tuning_defaults
from microgpt.cli.train_init import (
    check_same_tokenizer,
    check_without_init,
    initial_config,
    initial_model,
    load_initial,
)
from microgpt.cli.train_options import MODEL_FIELDS, TRAIN_FIELDS, specified

DEFAULT_OUT = "runs/latest"
READING_OPTIONS = ("format", "special", "distinct")  # a resumed run reads its corpus as before


def new_trainer(options: argparse.Namespace, best_file: Path, progress: Progress) -> Any:
    """Build the trainer of a new run, which saves its best weights to `best_file`."""
    from microgpt.config import GPTConfig, TrainConfig
    from microgpt.models.gpt import GPT
    from microgpt.training import Trainer

    corpus, preset = options.corpus or "names-mini", options.preset or "microgpt"
    trained = load_initial(options)
    if trained is None:
        settings = defaults(preset, corpus, options.format)
    else:
        c = trained.model.config
        settings = fine_tuning_defaults(c.n_embd, c.block_size)
    args = specified(options, (*MODEL_FIELDS, *TRAIN_FIELDS))
    settings |= _warmup(settings, args) | _consistent(settings, args)
    texts = load_texts(corpus, options.format, options.special, options.distinct)
    if trained is None:
        tokenizer = load_tokenizer(texts, options, settings["tokenizer"], progress)
        changes = {name: settings[name] for name in MODEL_FIELDS if name in settings}
        model_config = GPTConfig.preset(preset, vocab_size=tokenizer.vocab_size, **changes)
    else:
        tokenizer = trained.tokenizer
        check_same_tokenizer(texts, tokenizer)
        model_config = initial_config(trained.model.config, options)
    if texts.is_shards:
        check_shards(texts, options, tokenizer.vocab_size)
        if texts.validation is None and options.val_fraction is None:
            settings["val_fraction"] = 0.0
    if settings.get("stride") == "block_size":
        settings["stride"] = model_config.block_size
    config = TrainConfig(**{name: settings[name] for name in TRAIN_FIELDS if name in settings})
    check_fits_memory(model_config, config, texts.min_row_tokens)
    if trained is None:
        model = GPT(model_config, seed=config.seed)
    else:
        model = initial_model(trained.model, model_config, config.seed)
    best = best_file if config.eval_every else None
    trainer = Trainer(
        model, texts.corpus, config, tokenizer, validation=texts.validation, best=best
    )
    trainer.extra_metadata = {"source": _absolute(corpus)} | {
        name: getattr(options, name) for name in READING_OPTIONS
    }
    if trained is not None:
        trainer.extra_metadata["init_from"] = _absolute(options.init_from)
    return trainer


def resumed_trainer(options: argparse.Namespace, best_file: Path, progress: Progress) -> Any:
    """Restore the trainer of a saved run; options given now replace the run's settings."""
    from microgpt.errors import SettingError
    from microgpt.training import Trainer
    from microgpt.training.state_file import open_state

    check_without_init(options)
    fixed = specified(options, ("preset", "init_from", *MODEL_FIELDS, "tokenizer", "format"))
    fixed |= {name: True for name in ("special", "distinct") if getattr(options, name)}
    if fixed:
        raise SettingError(
            tuple(fixed),
            "left out with {resume}: a run goes on with the model and the texts it has",
            tuple(fixed.values()),
        )
    with open_state(options.resume) as state:
        config, metadata = state.config, state.extra_metadata
    config = replace(config, **_consistent(asdict(config), specified(options, TRAIN_FIELDS)))
    corpus = options.corpus or metadata.get("source")
    if corpus is None:
        raise SettingError(
            "corpus", f"given, since {options.resume} does not name what it was trained on"
        )
    texts = load_texts(str(corpus), *(metadata.get(name) for name in READING_OPTIONS))
    trainer = Trainer.resume(
        options.resume,
        texts.corpus,
        config,
        validation=texts.validation,
        best=best_file if config.eval_every else None,
    )
    if options.corpus is not None:
        trainer.extra_metadata["source"] = _absolute(options.corpus)
    return trainer


def resumed_file(options: argparse.Namespace) -> Path | None:
    """Return the training state file to resume from; None for a new run."""
    from microgpt.training.state_file import STATE_FILE

    if options.resume is None:
        return None
    path = Path(options.resume)
    return path if path.is_file() else path / STATE_FILE


def out_folder(options: argparse.Namespace) -> Path:
    """Return the folder to save in: --out, else the resumed run's, else DEFAULT_OUT."""
    resumed = resumed_file(options)
    return Path(options.out or DEFAULT_OUT) if options.out or resumed is None else resumed.parent


def _absolute(corpus: str) -> str:
    """Return the corpus's name, or the absolute path of a file, so that any folder can resume."""
    return str(Path(corpus).resolve()) if Path(corpus).exists() else corpus


def _consistent(settings: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
    """Return the args, and changes to other settings that would contradict them."""
    from microgpt.errors import SettingError

    changes = dict(args)
    if "steps" in args and "epochs" in args:
        lengths = args["steps"], args["epochs"]
        raise SettingError(("steps", "epochs"), "given one without the other", lengths)
    if "steps" in args:
        changes["epochs"] = None
    if args.get("optimizer") == "adam":
        changes.setdefault("weight_decay", None)
    if args.get("lr_schedule") == "constant":
        changes.setdefault("min_lr", 0.0)
    elif "lr" in args and settings.get("min_lr"):
        changes.setdefault("min_lr", min(settings["min_lr"], max(0.0, args["lr"] / 10)))
    if args.get("val_fraction") == 0:
        changes.setdefault("eval_train", False)
    return changes


def _warmup(settings: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
    """Shorten the preset's warmup: at most a tenth of a given --steps, 0 with --epochs."""
    if "epochs" in args:
        return {"warmup_steps": 0}
    if "steps" in args:
        tenth = max(0, args["steps"]) // 10
        return {"warmup_steps": min(settings.get("warmup_steps", 0), tenth)}
    return {}

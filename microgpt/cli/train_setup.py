"""From the options of `microgpt train` to a trainer: a new one, or one that goes on."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from microgpt.cli.recipes import recipe
from microgpt.cli.train_options import SHAPE, TRAINING, said

OUT = "runs/latest"


class Material(NamedTuple):
    """What to train on; what is held out, and the tokenizer, where a folder has them."""

    texts: Any
    validation: Any = None
    tokenizer: Any = None


def started(options: argparse.Namespace) -> Any:
    """A new trainer."""
    from microgpt.config import GPTConfig, TrainConfig
    from microgpt.models.gpt import GPT
    from microgpt.training import Trainer

    name, preset = options.corpus or "names-mini", options.preset or "microgpt"
    usual = recipe(preset, name, options.kind)
    chosen = usual | _fitting(usual, said(options, (*SHAPE, *TRAINING, "tokenizer")))
    texts, validation, tokenizer = material(name, options.kind)
    changes = {field: chosen[field] for field in SHAPE if field in chosen}
    if tokenizer is None or options.tokenizer is not None:
        tokenizer = _tokenizer(texts, chosen["tokenizer"])
    shape = GPTConfig.preset(preset, vocab_size=tokenizer.vocab_size, **changes)
    if chosen.get("stride") == "block_size":
        chosen["stride"] = shape.block_size
    if _is_shards(texts) and validation is None and options.held_out is None:
        chosen["held_out"] = 0.0
    config = TrainConfig(**{field: chosen[field] for field in TRAINING if field in chosen})
    model = GPT(shape, seed=config.seed)
    out = Path(options.out or OUT)
    best = out if config.eval_every else None
    trainer = Trainer(model, texts, config, tokenizer, validation=validation, best=best)
    source = str(Path(name).resolve()) if Path(name).exists() else name
    trainer.remarks = {"source": source, "kind": options.kind}
    return trainer


def resumed(options: argparse.Namespace) -> Any:
    """The trainer of a run, where it stopped; options that are given change it."""
    from microgpt.errors import SettingError
    from microgpt.training import Trainer
    from microgpt.training.state import saved

    fixed = said(options, ("preset", *SHAPE, "tokenizer", "kind"))
    if fixed:
        raise SettingError(
            f"a run goes on with the model and the texts it has; leave out "
            f"{', '.join('--' + name.replace('_', '-') for name in fixed)}"
        )
    with saved(options.resume) as found:
        config, remarks = found.config, found.remarks
    changes = said(options, TRAINING)
    if "steps" in changes and "epochs" not in changes:
        changes["epochs"] = None
    config = replace(config, **changes)
    source = options.corpus or remarks.get("source")
    if source is None:
        raise SettingError(f"{options.resume} does not say what it learned from; add --corpus")
    texts, validation, _ = material(str(source), remarks.get("kind"))
    out = folder_of(options)
    best = out if config.eval_every else None
    return Trainer.resume(options.resume, texts, config, validation=validation, best=best)


def folder_of(options: argparse.Namespace) -> Path:
    """Where to save: what is said, else the run that is resumed."""
    if options.out is not None or options.resume is None:
        return Path(options.out or OUT)
    path = Path(options.resume)
    return path.parent if path.is_file() else path


def material(name: str, kind: str | None) -> Material:
    """A corpus by name, a text file, or a folder of token shards."""
    from microgpt import tokenizers
    from microgpt.data import Shards, load_corpus
    from microgpt.errors import FormatError

    folder = Path(name).expanduser()
    if not folder.is_dir():
        return Material(load_corpus(name, kind=kind))
    parts = {part: sorted(folder.glob(f"*{part}*.bin")) for part in ("train", "val")}
    if not parts["train"]:
        raise FormatError(
            f"{folder} is a folder without a file named like *train*.bin; "
            "`microgpt tokenize CORPUS FOLDER` makes one"
        )
    described, tokenizer = folder / "tokenizer.json", None
    if described.is_file():
        try:
            tokenizer = tokenizers.from_dict(json.loads(described.read_text("utf-8")))
        except (ValueError, RecursionError) as error:
            raise FormatError(f"{described} describes no tokenizer: {error}") from None
    size = None if tokenizer is None else tokenizer.vocab_size
    validation = Shards(parts["val"], size) if parts["val"] else None
    return Material(Shards(parts["train"], size), validation, tokenizer)


def _is_shards(texts: Any) -> bool:
    from microgpt.data import Corpus

    return not isinstance(texts, Corpus)


def _tokenizer(texts: Any, kind: str) -> Any:
    from microgpt import tokenizers
    from microgpt.errors import SettingError

    if not _is_shards(texts):
        return texts.tokenizer(kind)
    if kind != "gpt2":
        raise SettingError(
            f"the folder has no tokenizer.json, which says what its tokens are; got --tokenizer "
            f"{kind}: for shards that another program wrote with GPT-2's tokens, say gpt2"
        )
    return tokenizers.gpt2()


def _fitting(usual: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What was said, and what of the recipe has to give way to it."""
    from microgpt.errors import SettingError

    changed = dict(given)
    if "steps" in given and "epochs" in given:
        raise SettingError(
            f"--steps {given['steps']} and --epochs {given['epochs']} both say how long to train; "
            "choose one"
        )
    if "steps" in given:
        changed["epochs"] = None
    warmup = usual.get("warmup", 0)
    if "epochs" in given:
        changed.setdefault("warmup", 0)
    elif "steps" in given:
        changed.setdefault("warmup", min(warmup, max(0, given["steps"]) // 10))
    if given.get("optimizer") == "adam":
        changed.setdefault("weight_decay", None)
    if "lr" in given and usual.get("min_lr"):
        changed.setdefault("min_lr", min(usual["min_lr"], max(0.0, given["lr"] / 10)))
    if given.get("held_out") == 0:
        changed.setdefault("eval_train", False)
    return changed

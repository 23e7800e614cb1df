"""From the options of `microgpt train` to a trainer: a new one, or one that goes on."""

import argparse
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from microgpt.cli.memory_check import refuse_too_large
from microgpt.cli.train_defaults import recipe
from microgpt.cli.train_options import SHAPE, TRAINING, said

OUT = "runs/latest"
LETTERS = 16  # of a text in a token, more than there are


class Material(NamedTuple):
    """What to train on; what is held out, and the tokenizer, where a folder has them."""

    texts: Any
    validation: Any = None
    tokenizer: Any = None


def started(options: argparse.Namespace, best: Path) -> Any:
    """A new trainer, which keeps its best weights in the file `best`."""
    from microgpt.config import GPTConfig, TrainConfig
    from microgpt.errors import SettingError
    from microgpt.models.gpt import GPT
    from microgpt.training import Trainer

    name, preset = options.corpus or "names-mini", options.preset or "microgpt"
    usual = recipe(preset, name, options.format)
    given = said(options, (*SHAPE, *TRAINING, "tokenizer"))
    chosen = usual | _warming(usual, given) | _fitting(usual, given)
    texts, validation, tokenizer = material(name, options.format)
    changes = {field: chosen[field] for field in SHAPE if field in chosen}
    if tokenizer is None:
        tokenizer = _tokenizer(texts, chosen["tokenizer"])
    elif options.tokenizer is not None:
        raise SettingError(
            f"{name} has a tokenizer.json, which says what its tokens are ({tokenizer!r:.80}); "
            "leave out --tokenizer"
        )
    if _is_shards(texts):
        _check_shards(options, texts, validation, tokenizer.vocab_size)
    shape = GPTConfig.preset(preset, vocab_size=tokenizer.vocab_size, **changes)
    if chosen.get("stride") == "block_size":
        chosen["stride"] = shape.block_size
    if _is_shards(texts) and validation is None and options.held_out is None:
        chosen["held_out"] = 0.0
    config = TrainConfig(**{field: chosen[field] for field in TRAINING if field in chosen})
    refuse_too_large(shape, config, _least_row(texts))
    model = GPT(shape, seed=config.seed)
    kept = best if config.eval_every else None
    trainer = Trainer(model, texts, config, tokenizer, validation=validation, best=kept)
    trainer.remarks = {"source": _place(name), "format": options.format}
    return trainer


def resumed(options: argparse.Namespace, best: Path) -> Any:
    """The trainer of a run, where it stopped; options that are given change it."""
    from microgpt.errors import SettingError
    from microgpt.training import Trainer
    from microgpt.training.trainer_state import saved

    fixed = said(options, ("preset", *SHAPE, "tokenizer", "format"))
    if fixed:
        raise SettingError(
            f"a run goes on with the model and the texts it has; leave out "
            f"{', '.join('--' + name.replace('_', '-') for name in fixed)}"
        )
    with saved(options.resume) as found:
        config, remarks = found.config, found.remarks
    config = replace(config, **_fitting(asdict(config), said(options, TRAINING)))
    source = options.corpus or remarks.get("source")
    if source is None:
        raise SettingError(f"{options.resume} does not say what it learned from; add --corpus")
    texts, validation, _ = material(str(source), remarks.get("format"))
    kept = best if config.eval_every else None
    trainer = Trainer.resume(options.resume, texts, config, validation=validation, best=kept)
    if options.corpus is not None:
        trainer.remarks["source"] = _place(options.corpus)
    return trainer


def _place(name: str) -> str:
    """Where a corpus is, from any folder; its name if it comes with the package."""
    return str(Path(name).resolve()) if Path(name).exists() else name


def source_of(options: argparse.Namespace) -> Path | None:
    """The file that is resumed."""
    from microgpt.training.trainer_state import FILE

    if options.resume is None:
        return None
    path = Path(options.resume)
    return path if path.is_file() else path / FILE


def folder_of(options: argparse.Namespace) -> Path:
    """Where to save: what is said, else the folder of the run that is resumed."""
    source = source_of(options)
    return Path(options.out or OUT) if options.out or source is None else source.parent


def material(name: str, format: str | None) -> Material:
    """A corpus by name, a text file, or a folder of token shards."""
    from microgpt import tokenizers
    from microgpt.data import Shards, load_corpus
    from microgpt.errors import FormatError

    folder = Path(name).expanduser()
    if not folder.is_dir():
        return Material(load_corpus(name, format=format))
    parts = {part: sorted(folder.glob(f"*{part}*.bin")) for part in ("train", "val")}
    if not parts["train"]:
        raise FormatError(
            f"{folder} is a folder without a file named like *train*.bin; "
            "`microgpt tokenize CORPUS FOLDER` makes one"
        )
    described, tokenizer = folder / "tokenizer.json", None
    if described.is_file():
        tokenizer = tokenizers.read(described)
    size = None if tokenizer is None else tokenizer.vocab_size
    validation = Shards(parts["val"], size) if parts["val"] else None
    return Material(Shards(parts["train"], size), validation, tokenizer)


def _is_shards(texts: Any) -> bool:
    from microgpt.data import Corpus

    return not isinstance(texts, Corpus)


def _least_row(texts: Any) -> int:
    """So many tokens a row of a batch has at least, if the block has room for them."""
    if _is_shards(texts):
        return len(texts)
    return 2 if texts.format == "lines" else max(2, len(texts[0]) // LETTERS)


def _check_shards(options: argparse.Namespace, texts: Any, validation: Any, size: int) -> None:
    """Before hours of training: every id is of the vocabulary, every option means something."""
    from microgpt.data import open_shard
    from microgpt.errors import SettingError

    if options.format is not None:
        raise SettingError(
            f"--format {options.format} is for text files; leave it out for token shards"
        )
    if options.held_out is not None and validation is not None:
        raise SettingError(
            f"--held-out {options.held_out:g}: the folder has shards to hold out; leave it out"
        )
    if options.held_out:
        raise SettingError(
            f"--held-out {options.held_out:g}: token shards stay whole; hold some out when they "
            "are made, with `microgpt tokenize --validation N`"
        )
    for part in (texts, validation):
        for file in () if part is None else part.files:
            open_shard(file, size)


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
    if given.get("optimizer") == "adam":
        changed.setdefault("weight_decay", None)
    if given.get("schedule") == "constant":
        changed.setdefault("min_lr", 0.0)
    elif "lr" in given and usual.get("min_lr"):
        changed.setdefault("min_lr", min(usual["min_lr"], max(0.0, given["lr"] / 10)))
    if given.get("held_out") == 0:
        changed.setdefault("eval_train", False)
    return changed


def _warming(usual: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """A new run that is said to be short warms up for a tenth of it; in epochs, not at all."""
    if "epochs" in given:
        return {"warmup": 0}
    if "steps" in given:
        return {"warmup": min(usual.get("warmup", 0), max(0, given["steps"]) // 10)}
    return {}

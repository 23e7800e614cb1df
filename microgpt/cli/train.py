"""Train a model on a corpus and save it."""

import argparse
import math
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from microgpt.cli.run_directory import Files
from microgpt.cli.train_defaults import RECIPES
from microgpt.cli.train_options import add as arguments
from microgpt.cli.train_setup import folder_of, resumed, source_of, started

__all__ = ["arguments", "run"]

MANY = 1000  # texts take so long that it should be said
PICTURES = (".png", ".svg", ".pdf")


def run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from microgpt import checkpoints

    _check(options)
    files = Files(folder_of(options), source_of(options))
    trainer = (started if options.resume is None else resumed)(options, files.best)
    checkpoints.prepare(files.out)  # before hours of training, not after
    files.belong_to(trainer)
    steps = trainer.config.steps
    print(f"{trainer.corpus}\n{trainer.model}")
    if RECIPES.get(options.preset):
        print(f"settings: {_settings(trainer.config)}")
    if trainer.config.samples and trainer.tokenizer is not None:
        trainer.texts()  # a prompt that cannot be written is said now, not at the end
    if options.resume is not None:
        print(f"resumed after {len(trainer.history)} of {steps} steps")
        if len(trainer.history) >= steps:
            warnings.warn(
                f"this run is finished; to go on, give --steps (or --epochs) above its {steps}",
                stacklevel=2,
            )
    done = len(trainer.history) - trainer.progress.owed
    with tqdm(total=steps, initial=done, unit="step", disable=None) as bar:

        def show(step: Any) -> None:
            if not math.isfinite(step.loss):
                raise _diverged(f"the loss became {step.loss} at step {step.step}", trainer)
            bar.set_postfix_str(
                f"loss {step.loss:.3f}, {step.tokens_per_second:,.0f} tokens/s", refresh=False
            )
            bar.update()
            for line in _said(step):
                bar.write(line)
            if options.save_every and (step.step + 1) % options.save_every == 0:
                _save(trainer, files)

        trainer.run(show)
    return _end(trainer, files, options)


def _settings(config: Any) -> str:
    """What is not as in a TrainConfig of which nothing is said."""
    from microgpt.config import TrainConfig

    usual = asdict(TrainConfig())
    changed = {name: value for name, value in asdict(config).items() if value != usual[name]}
    return ", ".join(f"{name} {value}" for name, value in changed.items())


def _check(options: argparse.Namespace) -> None:
    from microgpt.config.checks import whole
    from microgpt.errors import SettingError

    if (options.samples or 0) > MANY:
        warnings.warn(f"{options.samples:,} texts are written at the end", stacklevel=2)
    if options.save_every is not None:
        whole("--save-every", options.save_every, least=1)
    if options.plot is not None:
        from microgpt import checkpoints

        if Path(options.plot).suffix.lower() not in PICTURES:
            raise SettingError(f"--plot ends in {', '.join(PICTURES)}; got {options.plot}")
        checkpoints.prepare(Path(options.plot).parent)


def _end(trainer: Any, files: Files, options: argparse.Namespace) -> int:
    """Save and say what became of it; the exit status."""
    from microgpt.training.interrupts import DeferInterrupts

    history = trainer.history
    if not history:
        print("microgpt: interrupted before the first step; nothing saved", file=sys.stderr)
        return 130
    with DeferInterrupts():  # who pressed Ctrl-C twice wants to keep the run too
        print(f"saved: {_save(trainer, files)}")  # first of all: the rest may fail
    if options.plot is not None:
        print(f"plot: {_plot(trainer, Path(options.plot))}")
    last = [step.loss for step in history[-100:]]
    print(f"loss: {last[-1]:.3f} at the last step, {sum(last) / len(last):.3f} on average over the "
          f"last {len(last)} steps")  # fmt: skip
    if trainer.stopped_early:
        print(f"stopped early: no lower held-out loss in {trainer.config.patience} evaluations")
    known = trainer.best
    evaluation = trainer.close() if trainer.config.eval_every else trainer.evaluate()
    if evaluation is not None:
        print(f"held-out loss, the one to believe: {evaluation}")
    if trainer.best != known:
        _save(trainer, files)  # the lowest was found at this end, which a resumed run must know
    if trainer.best is not None:
        kept = files.kept_best()
        print(f"lowest held-out loss: {trainer.best.evaluation}, perplexity "
              f"{trainer.best.evaluation.perplexity:,.1f}, after step {trainer.best.step + 1}"
              + (f"; its weights: {kept}" if kept else ""))  # fmt: skip
    print("samples:", ", ".join(repr(text) for text in trainer.sample(0.5)))
    if trainer.interrupted:
        print(f"microgpt: interrupted after {len(history)} steps", file=sys.stderr)
        return 130
    return 0


def _said(step: Any) -> list[str]:
    """Lines for a step that was looked at."""
    lines = []
    if step.evaluation is not None or step.train_evaluation is not None:
        when = f"step {step.step + 1}"
        if step.epoch is not None:
            when += f", epoch {step.epoch:.2f}, {step.tokens_seen:,} tokens seen"
        parts = []
        if step.train_evaluation is not None:
            parts.append(f"training {step.train_evaluation.loss:.3f}")
        if step.evaluation is not None:
            held_out = step.evaluation
            parts.append(f"held out {held_out.loss:.3f}, perplexity {held_out.perplexity:,.1f}")
        lines.append(f"{when}: {', '.join(parts)}")
    lines += [f"step {step.step + 1} writes: {text!r}" for text in step.samples]
    return lines


def _save(trainer: Any, files: Files) -> Path:
    """Save it all; the file of the model."""
    import numpy as np

    if not all(np.isfinite(parameter.data).all() for parameter in trainer.model.parameters()):
        raise _diverged("the last step broke the weights", trainer)
    return files.save()


def _diverged(what: str, trainer: Any) -> Exception:
    from microgpt.errors import SettingError

    return SettingError(
        f"{what}, so training stopped and this is not saved; try a smaller --lr than "
        f"{trainer.config.lr:g}"
    )


def _plot(trainer: Any, target: Path) -> Path:
    from microgpt import viz
    from microgpt._io.atomic_write import atomic_write

    uniform = math.log(trainer.model.config.vocab_size)
    picture, kind = viz.plot_losses(trainer.history, uniform=uniform), target.suffix.lower()[1:]
    with atomic_write(target) as stream:
        if kind == "png":
            stream.write(picture.png(150))
        else:
            picture.savefig(stream, format=kind)
    return target

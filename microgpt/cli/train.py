"""Train a model on a corpus and save it."""

import argparse
import contextlib
import math
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from microgpt.cli.progress import Progress
from microgpt.cli.run_directory import RunDirectory
from microgpt.cli.train_defaults import PRESET_DEFAULTS
from microgpt.cli.train_options import add_arguments
from microgpt.cli.train_setup import new_trainer, out_folder, resumed_file, resumed_trainer

__all__ = ["add_arguments", "run"]

MANY_SAMPLES = 1000  # more than these take so long that a note announces them
PLOT_FORMATS = (".png", ".svg", ".pdf")


def run(options: argparse.Namespace) -> int:
    _check_options(options)
    with RunDirectory(out_folder(options), resumed_file(options)) as directory, _compiler_beside():
        return _train(directory, options)


def _compiler_beside() -> contextlib.AbstractContextManager[None]:
    """Let another process compile kernels beside a first run, if there is a core for it."""
    from microgpt import backends
    from microgpt.benchmark.machine_info import num_cores
    from microgpt.cli.warmup import compiling_in_background

    is_first = backends.current().name == "numba" and not backends.any_kernel_compiled()
    if not is_first or num_cores() < 2:
        return contextlib.nullcontext()
    return compiling_in_background("--beside-a-run")


def _train(directory: RunDirectory, options: argparse.Namespace) -> int:
    """Make the trainer, train, save, and return the exit status."""
    from microgpt import checkpoints

    make_trainer = new_trainer if options.resume is None else resumed_trainer
    with Progress(None, description="preparing") as progress:  # bpe:N trains a tokenizer
        trainer = make_trainer(options, directory.best_target, progress)
    checkpoints.ensure_writable(directory.folder)  # raises before hours of training, not after
    directory.attach(trainer)
    _print_start(trainer, options)
    done = len(trainer.history) - trainer.state.evaluation_due
    with Progress(trainer.config.steps, "step", initial=done) as progress:

        def on_step(step: Any) -> None:
            if not math.isfinite(step.loss):
                raise _diverged(f"the loss became {step.loss} at step {step.step}", trainer)
            progress.update(1, f"loss {step.loss:.3f}, {step.tokens_per_second:,.0f} tokens/s")
            for line in _step_lines(step):
                progress.print(line)
            if options.save_every and (step.step + 1) % options.save_every == 0:
                _save(trainer, directory)

        try:
            trainer.run(on_step)
        except OSError:  # such as a pipe that nobody reads any more: what is done is not lost
            if trainer.history:
                with contextlib.redirect_stdout(None):
                    _save(trainer, directory)
            raise
    return _finish(trainer, directory, options)


def _check_options(options: argparse.Namespace) -> None:
    from microgpt import checkpoints
    from microgpt.config.checks import check_integer
    from microgpt.errors import Described, SettingError

    if (options.num_samples or 0) > MANY_SAMPLES:
        warnings.warn(f"{options.num_samples:,} samples are printed at the end", stacklevel=2)
    if options.save_every is not None:
        check_integer("save_every", options.save_every, minimum=1)
    if options.plot is not None:
        if Path(options.plot).suffix.lower() not in PLOT_FORMATS:
            expected = f"a file name that ends in {', '.join(PLOT_FORMATS)}"
            raise SettingError("plot", expected, Described(options.plot))
        checkpoints.ensure_writable(Path(options.plot).parent)


def _print_start(trainer: Any, options: argparse.Namespace) -> None:
    steps = trainer.config.steps
    print(f"{trainer.corpus}\n{trainer.model}")
    if PRESET_DEFAULTS.get(options.preset) or options.init_from is not None:
        print(f"settings: {_changed_settings(trainer.config)}")
    if trainer.config.num_samples and trainer.tokenizer is not None:
        trainer.iter_samples()  # raises now, not at the end, if the prompt has unknown characters
    if options.resume is not None:
        print(f"resumed after {len(trainer.history)} of {steps} steps")
        if len(trainer.history) >= steps:
            warnings.warn(
                f"this run is finished; to go on, give --steps (or --epochs) above its {steps}",
                stacklevel=2,
            )


def _changed_settings(config: Any) -> str:
    """List the settings that differ from TrainConfig's defaults, as "lr 0.001, steps 500"."""
    from microgpt.config import TrainConfig

    defaults = asdict(TrainConfig())
    changed = {name: value for name, value in asdict(config).items() if value != defaults[name]}
    return ", ".join(f"{name} {value}" for name, value in changed.items())


def _finish(trainer: Any, directory: RunDirectory, options: argparse.Namespace) -> int:
    """Save the run, print its results and return the exit status."""
    from microgpt.training.interrupts import DeferInterrupts

    history = trainer.history
    if not history:
        print("microgpt: interrupted before the first step; nothing saved", file=sys.stderr)
        return 130
    with DeferInterrupts():  # a second Ctrl-C must not lose the run
        print(f"saved: {_save(trainer, directory)}")  # before anything else, which may fail
    if options.plot is not None:
        print(f"plot: {_plot(trainer, Path(options.plot))}")
    last = [step.loss for step in history[-100:]]
    print(f"loss: {last[-1]:.3f} at the last step, {sum(last) / len(last):.3f} on average over the "
          f"last {len(last)} steps")  # fmt: skip
    if trainer.stopped_early:
        print(f"stopped early: no lower validation loss in {trainer.config.patience} evaluations")
    best = trainer.best
    with Progress(None, description="evaluating"):
        evaluation = trainer.final_evaluate() if trainer.config.eval_every else trainer.evaluate()
    if evaluation is not None:
        print(f"validation loss: {evaluation}")
    if trainer.best != best:
        _save(trainer, directory)  # the final evaluation is the new best; a resumed run needs it
    if trainer.best is not None:
        best, file = trainer.best, directory.best_file()
        print(f"lowest validation loss: {best.evaluation}, perplexity "
              f"{best.evaluation.perplexity:,.1f}, after step {best.step + 1}"
              + (f"; its weights: {file}" if file else ""))  # fmt: skip
    with Progress(None, description="sampling"):
        samples = trainer.sample(0.5)
    print("samples:", ", ".join(map(repr, samples)))
    if trainer.interrupted:
        print(f"microgpt: interrupted after {len(history)} steps", file=sys.stderr)
        return 130
    return 0


def _step_lines(step: Any) -> list[str]:
    """Format a step's evaluation and samples as lines; most steps have none, and give []."""
    lines = []
    if step.evaluation is not None or step.train_evaluation is not None:
        when = f"step {step.step + 1}"
        if step.epoch is not None:
            when += f", epoch {step.epoch:.2f}, {step.tokens_seen:,} tokens seen"
        losses = []
        if step.train_evaluation is not None:
            losses.append(f"training loss {step.train_evaluation.loss:.3f}")
        if step.evaluation is not None:
            validation = step.evaluation
            losses.append(
                f"validation loss {validation.loss:.3f}, perplexity {validation.perplexity:,.1f}"
            )
        lines.append(f"{when}: {', '.join(losses)}")
    lines += [f"step {step.step + 1}, sample: {text!r}" for text in step.samples]
    return lines


def _save(trainer: Any, directory: RunDirectory) -> Path:
    """Save the run and return the path of the model; raise if a weight is NaN or infinite."""
    import numpy as np

    from microgpt.backends.memory import as_host

    weights = (as_host(parameter.array) for parameter in trainer.model.parameters())
    if not all(np.isfinite(weight).all() for weight in weights):
        raise _diverged("the weights became NaN or infinite in the last step", trainer)
    return directory.save()


def _diverged(problem: str, trainer: Any) -> Exception:
    from microgpt.errors import MicrogptError

    return MicrogptError(
        f"{problem}, so training stopped and this is not saved",
        f"try a smaller {{lr}} than {trainer.config.lr:g}",
    )


def _plot(trainer: Any, target: Path) -> Path:
    from microgpt import viz
    from microgpt._io.atomic_write import atomic_write

    uniform = math.log(trainer.model.config.vocab_size)
    figure, format = viz.plot_losses(trainer.history, uniform=uniform), target.suffix.lower()[1:]
    with atomic_write(target) as stream:
        if format == "png":
            stream.write(figure.png(150))
        else:
            figure.savefig(stream, format=format)
    return target

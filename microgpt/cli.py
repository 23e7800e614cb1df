"""The command `microgpt`: train, sample, reference, warmup."""

import argparse
import io
import math
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from microgpt import __version__
from microgpt.errors import MicrogptError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what is wrong is said in one sentence, with a non-zero exit status."""
    options = _parser().parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = _say_warning
            if options.backend:
                from microgpt import backends

                backends.use(options.backend)
            return options.command(options)
    except BrokenPipeError:
        raise
    except MemoryError as error:
        print(f"microgpt: this needs more memory than there is: {error}", file=sys.stderr)
        return 1
    except (MicrogptError, OSError) as error:
        print(f"microgpt: {_sentence(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("microgpt: interrupted", file=sys.stderr)
        return 130


def _sentence(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _say_warning(message: Any, *_: Any, **__: Any) -> None:
    print(f"microgpt: note: {message}", file=sys.stderr)


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults there are, and leaves out those that are None."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="microgpt", description="Train a small GPT and sample it."
    )
    parser.add_argument("--version", action="version", version=f"microgpt-lab {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = _command(commands, "train", _train, "train a model on a corpus and save it")
    train.add_argument("--corpus", default="names-mini", help="a corpus by name, or a text file")
    train.add_argument(
        "--kind", choices=("lines", "text"), help="read the file as lines, or as one text"
    )
    train.add_argument("--preset", default="microgpt", help="the model's shape: microgpt or char")
    for name in ("n-layer", "n-head", "n-embd", "block-size"):
        train.add_argument(f"--{name}", type=int, help="instead of the preset's")
    train.add_argument("--steps", type=int, default=1000, help="batches to learn from")
    train.add_argument("--batch-size", type=int, default=1, help="documents or windows a step")
    train.add_argument("--lr", type=float, default=0.01, help="falls to 0 in a straight line")
    train.add_argument("--clip", type=float, help="the largest gradient norm")
    train.add_argument("--held-out", type=float, default=0.2, help="share kept for validation")
    train.add_argument("--seed", type=int, default=42, help="of weights, order and samples")
    train.add_argument("--out", default="runs/latest", help="the folder to save to")

    sample = _command(commands, "sample", _sample, "sample texts from a saved model")
    sample.add_argument("path", help="a folder that `microgpt train` wrote")
    sample.add_argument("--temperature", type=float, default=1.0, help="0 is greedy")
    sample.add_argument("--top-k", type=int, help="keep that many tokens")
    sample.add_argument("--top-p", type=float, help="keep the top tokens up to that chance")
    sample.add_argument("--min-p", type=float, default=0.0, help="share of the top chance to keep")
    sample.add_argument("--prompt", default="", help="how each text begins")
    sample.add_argument("-n", "--count", type=int, default=10, help="how many texts")
    sample.add_argument("--length", type=int, help="most tokens after the prompt")
    sample.add_argument("--seed", type=int, default=0, help="of the dice of the first text")

    reference = _command(commands, "reference", _reference, "run the microgpt recipe exactly")
    reference.add_argument("--corpus", default="names", help="names-mini needs no network")
    reference.add_argument(
        "--engine", choices=("value", "tensor"), default="tensor", help="value: to the last bit"
    )
    reference.add_argument(
        "--dtype", choices=("float32", "float64"), default="float64", help="of the tensors"
    )
    reference.add_argument("--replay", action="store_true", help="record steps and replay them")
    reference.add_argument("--steps", type=int, default=1000, help="the schedule's length too")
    reference.add_argument("--seed", type=int, default=42, help="of everything")

    _command(commands, "warmup", _warmup, "compile the kernels, once")
    return parser


def _command(commands: Any, name: str, run: Callable, what: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=what,
        description=what[0].upper() + what[1:] + ".",
        formatter_class=_Help,
    )
    parser.set_defaults(command=run)
    parser.add_argument("--backend", help="numba (default) or numpy")
    return parser


def _train(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from microgpt import saving
    from microgpt.config import GPTConfig, TrainConfig
    from microgpt.data import load_corpus
    from microgpt.errors import SettingError
    from microgpt.models.gpt import GPT
    from microgpt.training import Trainer

    corpus = load_corpus(options.corpus, kind=options.kind)
    tokenizer = corpus.tokenizer()
    shape = ("n_layer", "n_head", "n_embd", "block_size")
    changes = {name: getattr(options, name) for name in shape if getattr(options, name) is not None}
    config = GPTConfig.preset(options.preset, vocab_size=tokenizer.vocab_size, **changes)
    train_config = TrainConfig(
        steps=options.steps,
        batch_size=options.batch_size,
        lr=options.lr,
        clip=options.clip,
        held_out=options.held_out,
        seed=options.seed,
        samples=20,
    )
    saving.prepare(options.out)  # before hours of training, not after
    model = GPT(config, seed=options.seed)
    trainer = Trainer(model, corpus, train_config, tokenizer)
    print(f"{corpus}\n{model}")
    with tqdm(total=options.steps, unit="step", disable=None) as bar:

        def show(step: Any) -> None:
            if not math.isfinite(step.loss):
                raise SettingError(
                    f"the loss became {step.loss} at step {step.step}, so training stopped and "
                    f"nothing is saved; try a smaller --lr than {options.lr:g}"
                )
            bar.set_postfix_str(
                f"loss {step.loss:.3f}, {step.tokens_per_second:,.0f} tokens/s", refresh=False
            )
            bar.update()

        history = trainer.run(show)
    if not history:
        print("microgpt: interrupted before the first step; nothing saved", file=sys.stderr)
        return 130
    notes = {"corpus": corpus.name, "steps_done": len(history), **asdict(train_config)}
    path = saving.save(options.out, model, tokenizer, notes)  # first of all: the rest may fail
    print(f"saved: {path}")
    last = [step.loss for step in history[-100:]]
    print(f"loss: {last[-1]:.3f} at the last step, {sum(last) / len(last):.3f} on average over the "
          f"last {len(last)} steps")  # fmt: skip
    evaluation = trainer.evaluate()
    if evaluation is not None:
        print(f"held-out loss, the one to believe: {evaluation}")
    print("samples:", ", ".join(repr(text) for text in trainer.sample(0.5)))
    if trainer.interrupted:
        print(f"microgpt: interrupted after {len(history)} steps", file=sys.stderr)
        return 130
    return 0


def _sample(options: argparse.Namespace) -> int:
    from microgpt.errors import FormatError, SettingError
    from microgpt.sampling import generate_text
    from microgpt.saving import load

    if options.count < 1:
        raise SettingError(f"-n must be 1 or above; got {options.count}")
    if options.length is not None and options.length < 1:
        raise SettingError(f"--length must be 1 or above; got {options.length}")
    checkpoint = load(options.path)
    if checkpoint.tokenizer is None:
        raise FormatError(f"{options.path} holds no tokenizer, so it cannot be sampled as text")
    texts = generate_text(
        checkpoint.model,
        checkpoint.tokenizer,
        options.count,
        options.prompt,
        options.length,
        temperature=options.temperature,
        top_k=options.top_k,
        top_p=options.top_p,
        min_p=options.min_p,
        seed=options.seed,
    )
    for text in texts:
        print(text)
    return 0


def _reference(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from microgpt import reference
    from microgpt.data import load_corpus
    from microgpt.errors import SettingError

    if options.steps < 1:
        raise SettingError(f"--steps must be 1 or above; got {options.steps}")
    if options.engine == "value" and (options.replay or options.dtype == "float32"):
        raise SettingError("--engine value is float64 and has nothing to replay")
    with tqdm(total=options.steps, unit="step", disable=None) as bar:
        run = reference.run(
            load_corpus(options.corpus).documents,
            seed=options.seed,
            num_steps=options.steps,
            engine=options.engine,
            dtype=options.dtype,
            replay=options.replay,
            on_step=lambda step, loss: bar.update(),
        )
    warm = sorted(run.seconds[len(run.seconds) // 3 :])
    for step in sorted({0, 1, 2, options.steps - 1} & set(range(options.steps))):
        print(f"step {step:4d}  loss {run.losses[step]!r}")
    print("samples:", ", ".join(run.samples))
    print(f"a step after warm-up: median {warm[len(warm) // 2] * 1e6:,.0f} µs, "
          f"mean {sum(warm) / len(warm) * 1e6:,.0f} µs")  # fmt: skip
    return 0


def _warmup(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from microgpt import backends
    from microgpt.config import GPTConfig, TrainConfig
    from microgpt.data import load_corpus
    from microgpt.models.gpt import GPT
    from microgpt.training import Trainer

    class Progress:
        """Counts each kernel at its first launch, which is when it compiles."""

        def __init__(self, bar: Any):
            self.bar = bar
            self.seen: set[Any] = set()

        def launched(self, name: str, call: Any, arguments: tuple) -> None:
            if call not in self.seen:
                self.seen.add(call)
                self.bar.set_postfix_str(name)
                self.bar.update()

        def born(self, array: Any) -> None:
            pass

        def read(self, what: str) -> None:
            pass

    corpus = load_corpus("names-mini")
    small = GPTConfig.microgpt()
    large = replace(small, n_embd=256, n_layer=1)
    with (
        tqdm(desc="compiling kernels", unit="", disable=None) as bar,
        backends.tapped(Progress(bar)),
    ):
        for config, batch_size in ((small, 1), (small, 8), (large, 64)):
            trainer = Trainer(GPT(config), corpus, TrainConfig(steps=2, batch_size=batch_size))
            trainer.run()
            trainer.evaluate()
        trainer.sample()
    print(f"the kernels of {backends.current().name!r} are ready")
    return 0


def entry_point() -> None:
    """What the installed command runs.

    A closed pipe (`| head`) is not an error, and what a terminal cannot show is escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)

"""Train a model on a corpus and save it."""

import argparse
import math
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", default="names-mini", help="a corpus by name, or a text file")
    parser.add_argument(
        "--kind", choices=("lines", "text"), help="read the file as lines, or as one text"
    )
    parser.add_argument("--preset", default="microgpt", help="the model's shape: microgpt or char")
    for name in ("n-layer", "n-head", "n-embd", "block-size"):
        parser.add_argument(f"--{name}", type=int, help="instead of the preset's")
    parser.add_argument("--steps", type=int, default=1000, help="batches to learn from")
    parser.add_argument("--batch-size", type=int, default=1, help="documents or windows a step")
    parser.add_argument("--lr", type=float, default=0.01, help="falls to 0 in a straight line")
    parser.add_argument("--clip", type=float, help="the largest gradient norm")
    parser.add_argument("--held-out", type=float, default=0.2, help="share kept for validation")
    parser.add_argument("--seed", type=int, default=42, help="of weights, order and samples")
    parser.add_argument("--out", default="runs/latest", help="the folder to save to")


def run(options: argparse.Namespace) -> int:
    import numpy as np
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
    if not all(np.isfinite(parameter.data).all() for parameter in model.parameters()):
        raise SettingError(
            f"the last step broke the weights; try a smaller --lr than {options.lr:g}"
        )
    notes = {"corpus": corpus.name, "steps_done": len(history), **asdict(train_config)}
    _keep(saving.prepare(options.out))
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


def _keep(target: Path) -> None:
    """Put a model that is there already aside: a run may end worse than the one before."""
    if target.exists():
        aside = target.with_name(f"before-{target.name}")
        os.replace(target, aside)
        print(f"the model that was there is kept as {aside}")

"""Compile the kernels, once."""

import argparse
import sys
from dataclasses import replace
from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """None but the common ones."""


def run(options: argparse.Namespace) -> int:
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

    if not sys.stderr.isatty():  # where no progress bar is drawn
        print("compiling the kernels: half a minute the first time, then seconds", flush=True)
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

"""What every contender of a work is given: the same model, the same tokens, the same optimiser."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from microgpt.benchmark.scaling import ROOFS, points
from microgpt.config import GPTConfig
from microgpt.data import load_corpus
from microgpt.errors import DownloadError
from microgpt.pretrained import load_pretrained
from microgpt.reference import BETA1, BETA2, EPS, LR
from microgpt.tokenizers.char import CharTokenizer

NAMES = {False: 1000, True: 100}  # usually, and quick
RECIPE = {"name": "adam", "lr": LR, "betas": (BETA1, BETA2), "eps": EPS, "decay": 0.0}
ADAMW = {"name": "adamw", "lr": 3e-4, "betas": (0.9, 0.95), "eps": 1e-8, "decay": 0.1}
BATCHES = 8  # different ones, taken in turns


@dataclass(frozen=True)
class Task:
    """What is asked of a contender; `name` tells apart the tasks of one work."""

    name: str
    request: dict[str, Any] = field(default_factory=dict)


class Inputs:
    """The tasks of each work. `notes` says what a reader of the numbers should know of them."""

    def __init__(
        self,
        folder: Path,
        corpus: str = "names",
        quick: bool = False,
        notes: list[str] | None = None,
    ):
        self.folder, self.corpus, self.quick = folder, corpus, quick
        self.notes: list[str] = [] if notes is None else notes

    def tasks(self, work: str) -> list[Task]:
        """What a work consists of."""
        if work == "scaling":
            sizes = [
                Task(p.name, batches(p.config, p.batch, p.context)) for p in points(self.quick)
            ]
            return [*sizes, *(Task(name, request) for name, request in ROOFS.items())]
        one = {
            "recipe": self._recipe,
            "batch": lambda: batches(GPTConfig.microgpt(), 32, 16, RECIPE),
            "char": lambda: batches(GPTConfig.preset("char"), 12, 64),
            "gpt2": lambda: batches(GPTConfig.preset("gpt2-124M"), 4, 64),
            "generate": self._generate,
            "names": self._names,
            "start": self._start,
        }
        return [Task("", one[work]())]

    def _recipe(self) -> dict[str, Any]:
        """The names in the recipe's order, in their own lengths; a unit goes over all of them."""
        names = self._shuffled_names()
        tokenizer = CharTokenizer.from_documents(names)
        config = GPTConfig.microgpt(vocab_size=tokenizer.vocab_size)
        first = names[: NAMES[self.quick]]
        texts = [tokenizer.encode(name, bos=True, eos=True) for name in first]
        most = config.block_size
        pairs = [(text[:-1][:most], text[1:][:most]) for text in texts]
        return {**training(config, pairs, RECIPE, len(pairs)), "names": first}

    def _start(self) -> dict[str, Any]:
        whole = self._recipe()
        few = {name: whole[name][:BATCHES] for name in ("batches", "names")}
        return whole | few | {"steps": 1}

    def _generate(self) -> dict[str, Any]:
        config = GPTConfig.preset("gpt2-124M")
        prompt = np.random.default_rng(0).integers(config.vocab_size, size=16).tolist()
        return {"kind": "generate", "config": asdict(config), "prompt": prompt, "count": 64}

    def _names(self) -> dict[str, Any]:
        checkpoint = load_pretrained("names", backend="numpy")
        assert checkpoint.tokenizer is not None
        file = self.folder / "names.npz"
        save(file, checkpoint.model.state_dict())
        return {
            "kind": "names", "config": asdict(checkpoint.model.config), "weights": str(file),
            "stop": checkpoint.tokenizer.bos, "temperature": 0.5,
            "count": 20 if self.quick else 100,
        }  # fmt: skip

    def _shuffled_names(self) -> list[str]:
        """The recipe's corpus, shuffled as the recipe does; the one inside the package without."""
        try:
            corpus = load_corpus(self.corpus)
        except DownloadError:
            corpus = load_corpus("names-mini")
            self.notes.append(
                f"the corpus {self.corpus!r} could not be fetched, so the recipe ran on the names "
                "inside the package"
            )
        names = [name for name in corpus.documents if name]
        random.Random(42).shuffle(names)
        return names


def batches(
    config: GPTConfig, batch: int, context: int, optimizer: dict[str, Any] = ADAMW
) -> dict[str, Any]:
    """Training on random tokens: the arithmetic does not depend on which they are."""
    rng = np.random.default_rng(0)
    texts = rng.integers(config.vocab_size, size=(BATCHES, batch, context + 1))
    pairs = [(text[:, :-1].tolist(), text[:, 1:].tolist()) for text in texts]
    return training(config, pairs, optimizer, 1)


def training(
    config: GPTConfig, pairs: list[tuple], optimizer: dict[str, Any], steps: int
) -> dict[str, Any]:
    """A training task; `steps` of them are one unit."""
    return {
        "kind": "train", "config": asdict(config), "batches": pairs, "steps": steps,
        "optimizer": optimizer,
    }  # fmt: skip


def save(file: Path, arrays: dict[str, np.ndarray]) -> None:
    """Weights for a contender's Python, which may have NumPy only."""
    np.savez(file, allow_pickle=False, **arrays)


def checks(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Small models with every part that the works have, for comparing losses on equal weights."""
    from microgpt.models.gpt import GPT

    small = {"n_layer": 2, "n_embd": 32, "n_head": 4, "block_size": 16, "vocab_size": 65}
    configs = {
        "microgpt": GPTConfig.microgpt(),
        "char": GPTConfig.preset("char", **small),
        "gpt2": GPTConfig.preset("gpt2-124M", **small),
    }
    for name, config in configs.items():
        model, file = GPT(config, backend="numpy"), folder / f"check-{name}.npz"
        rng = np.random.default_rng(1)
        # Larger than at the start, biases too: parts that differ must show in the loss.
        state = {key: rng.normal(0.0, 0.3, array.shape).astype(np.float32)
                 for key, array in model.state_dict().items()}  # fmt: skip
        save(file, state)
        yield name, batches(config, 3, config.block_size) | {"weights": str(file)}

"""The tasks of the workloads: the same model, tokens and optimizer for every implementation."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from microgpt.benchmark.scaling import PEAK_RATE_TASKS, scaling_points
from microgpt.config import GPTConfig
from microgpt.data import load_corpus
from microgpt.errors import DownloadError
from microgpt.pretrained import load_pretrained
from microgpt.reference import BETA1, BETA2, EPS, LR
from microgpt.tokenizers.char import CharTokenizer

NUM_NAMES = {False: 1000, True: 100}  # usually, and with --quick
ADAM_RECIPE = {"name": "adam", "lr": LR, "betas": (BETA1, BETA2), "eps": EPS, "weight_decay": 0.0}
ADAMW_RECIPE = {
    "name": "adamw", "lr": 3e-4, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1
}  # fmt: skip
NUM_BATCHES = 8  # different ones, one after the other


@dataclass(frozen=True)
class Task:
    """The request to a worker; `name` tells the tasks of one workload apart."""

    name: str
    request: dict[str, Any] = field(default_factory=dict)


class Inputs:
    """The tasks of each workload; what a reader should know of the numbers is added to `notes`."""

    def __init__(
        self,
        folder: Path,
        corpus: str = "names",
        quick: bool = False,
        notes: list[str] | None = None,
    ):
        self.folder, self.corpus, self.quick = folder, corpus, quick
        self.notes: list[str] = [] if notes is None else notes

    def tasks(self, workload: str) -> list[Task]:
        """The tasks of a workload: one, except for "scaling"."""
        if workload == "scaling":
            points = [
                Task(p.name, train_request(p.config, p.batch_size, p.seq_len))
                for p in scaling_points(self.quick)
            ]
            return [*points, *(Task(name, request) for name, request in PEAK_RATE_TASKS.items())]
        requests = {
            "recipe": self._recipe,
            "batch": lambda: train_request(GPTConfig.microgpt(), 32, 16, ADAM_RECIPE),
            "char": lambda: train_request(GPTConfig.preset("char"), 12, 64),
            "gpt2": lambda: train_request(GPTConfig.preset("gpt2-124M"), 4, 64),
            "generate": self._generate,
            "names": self._names,
            "start": self._start,
        }
        return [Task("", requests[workload]())]

    def _recipe(self) -> dict[str, Any]:
        """The names in the recipe's order, in their own lengths; a unit goes over all of them."""
        names = self._shuffled_names()
        tokenizer = CharTokenizer.from_documents(names)
        config = GPTConfig.microgpt(vocab_size=tokenizer.vocab_size)
        names = names[: NUM_NAMES[self.quick]]
        texts = [tokenizer.encode(name, bos=True, eos=True) for name in names]
        end = config.block_size
        batches = [(text[:-1][:end], text[1:][:end]) for text in texts]
        return {**_train_request(config, batches, ADAM_RECIPE, len(batches)), "names": names}

    def _start(self) -> dict[str, Any]:
        request = self._recipe()
        few = {name: request[name][:NUM_BATCHES] for name in ("batches", "names")}
        return request | few | {"steps": 1}

    def _generate(self) -> dict[str, Any]:
        config = GPTConfig.preset("gpt2-124M")
        prompt = np.random.default_rng(0).integers(config.vocab_size, size=16).tolist()
        return {
            "type": "generate", "config": asdict(config), "prompt": prompt, "max_new_tokens": 64
        }  # fmt: skip

    def _names(self) -> dict[str, Any]:
        checkpoint = load_pretrained("names", backend="numpy")
        assert checkpoint.tokenizer is not None
        file = self.folder / "names.npz"
        save_npz(file, checkpoint.model.state_dict())
        return {
            "type": "names", "config": asdict(checkpoint.model.config), "weights": str(file),
            "stop": checkpoint.tokenizer.bos_token_id, "temperature": 0.5,
            "num_samples": 20 if self.quick else 100,
        }  # fmt: skip

    def _shuffled_names(self) -> list[str]:
        """The corpus, shuffled as in the recipe; without a network the one in the package."""
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


def train_request(
    config: GPTConfig, batch_size: int, seq_len: int, optimizer: dict[str, Any] = ADAMW_RECIPE
) -> dict[str, Any]:
    """Training on random tokens, whose time does not depend on which they are."""
    rng = np.random.default_rng(0)
    texts = rng.integers(config.vocab_size, size=(NUM_BATCHES, batch_size, seq_len + 1))
    batches = [(text[:, :-1].tolist(), text[:, 1:].tolist()) for text in texts]
    return _train_request(config, batches, optimizer, 1)


def _train_request(
    config: GPTConfig, batches: list[tuple], optimizer: dict[str, Any], steps: int
) -> dict[str, Any]:
    """A training request; `steps` of them are one unit."""
    return {
        "type": "train", "config": asdict(config), "batches": batches, "steps": steps,
        "optimizer": optimizer,
    }  # fmt: skip


def save_npz(file: Path, arrays: dict[str, np.ndarray]) -> None:
    """Weights for a worker's Python, which may have NumPy only."""
    np.savez(file, allow_pickle=False, **arrays)


def parity_tasks(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, training request) of small models with every part that the workloads have."""
    from microgpt.models.gpt import GPT

    sizes = {"n_layer": 2, "n_embd": 32, "n_head": 4, "block_size": 16, "vocab_size": 65}
    configs = {
        "microgpt": GPTConfig.microgpt(),
        "char": GPTConfig.preset("char", **sizes),
        "gpt2": GPTConfig.preset("gpt2-124M", **sizes),
    }
    for name, config in configs.items():
        model, file = GPT(config, backend="numpy"), folder / f"check-{name}.npz"
        rng = np.random.default_rng(1)
        # Larger than initial weights, biases too: parts that differ must show in the loss.
        weights = {key: rng.normal(0.0, 0.3, array.shape).astype(np.float32)
                   for key, array in model.state_dict().items()}  # fmt: skip
        save_npz(file, weights)
        yield name, train_request(config, 3, config.block_size) | {"weights": str(file)}

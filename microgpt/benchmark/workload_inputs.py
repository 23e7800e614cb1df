"""Make the workloads' tasks: the same model, tokens and optimizer for every implementation."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from microgpt.benchmark import products
from microgpt.benchmark.scaling import PEAK_RATE_TASKS, scaling_points
from microgpt.config import GPTConfig
from microgpt.data import load_corpus
from microgpt.errors import DownloadError
from microgpt.pretrained import load_pretrained
from microgpt.reference import BETA1, BETA2, EPS, LR
from microgpt.tokenizers.char import CharTokenizer

NUM_NAMES = {False: 1000, True: 100}  # by default, with --quick
ADAM_RECIPE = {"name": "adam", "lr": LR, "betas": (BETA1, BETA2), "eps": EPS, "weight_decay": 0.0}
ADAMW_RECIPE = {
    "name": "adamw", "lr": 3e-4, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.1
}  # fmt: skip
NUM_BATCHES = 8  # different batches, which training cycles through


@dataclass(frozen=True)
class Task:
    """The request to a worker; `name` distinguishes the tasks of one workload."""

    name: str
    request: dict[str, Any] = field(default_factory=dict)


class Inputs:
    """Makes the tasks of each workload; adds caveats for readers of the results to `notes`."""

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
        """Return the tasks of a workload: one, except for "scaling" and "products"."""
        if workload == "products":
            return [Task(layer.name, layer.request()) for layer in products.LAYERS]
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
        """Return a training request on the names, unpadded, in the recipe's order.

        A unit is one pass over all names, one name per step.
        """
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
        """Return the corpus, shuffled as in the recipe; names-mini if it cannot be downloaded."""
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
    """Return a training request on random tokens; step time does not depend on their values."""
    rng = np.random.default_rng(0)
    texts = rng.integers(config.vocab_size, size=(NUM_BATCHES, batch_size, seq_len + 1))
    batches = [(text[:, :-1].tolist(), text[:, 1:].tolist()) for text in texts]
    return _train_request(config, batches, optimizer, 1)


def _train_request(
    config: GPTConfig, batches: list[tuple], optimizer: dict[str, Any], steps: int
) -> dict[str, Any]:
    """Return a training request; one unit is `steps` steps."""
    return {
        "type": "train", "config": asdict(config), "batches": batches, "steps": steps,
        "optimizer": optimizer,
    }  # fmt: skip


def save_npz(file: Path, arrays: dict[str, np.ndarray]) -> None:
    """Save weights for workers whose Python has NumPy but not this package."""
    np.savez(file, allow_pickle=False, **arrays)


def parity_tasks(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, training request) of small models with every module that the workloads use."""
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
        # Larger than initial weights, biases too, so that any difference shows in the loss.
        weights = {key: rng.normal(0.0, 0.3, array.shape).astype(np.float32)
                   for key, array in model.state_dict().items()}  # fmt: skip
        save_npz(file, weights)
        yield name, train_request(config, 3, config.block_size) | {"weights": str(file)}

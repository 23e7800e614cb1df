"""Trainings that are stopped and resumed: built here for a test, and again in a process of its own.

`python resume_cases.py FOLDER NAME …` resumes each and writes what it became.
"""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import microgpt as mg
from microgpt import backends

GPT2 = {"n_layer": 2, "n_head": 2, "n_embd": 16, "block_size": 8}
TEXT = "the cat sat on the mat; the dog sat on the cat. " * 12
WINDOWS = {"stride": 5, "batch_size": 3, "epochs": 3, "val_fraction": 0.1}
ADAMW = {"optimizer": "adamw", "weight_decay": 0.2, "lr_schedule": "cosine", "warmup_steps": 4,
         "min_lr": 1e-4, "lr": 5e-3, "grad_clip": 0.5}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A small training, and after how many steps it stops."""

    corpus: str
    train: dict[str, Any]
    model: dict[str, Any] = field(default_factory=dict)
    stop: int = 9
    dtype: str = "float32"
    frozen: str = ""
    used: str = ""  # a part that is put into the mode of use when it stops; "." is all of it


CASES = {
    "documents": Case("names-mini", {"steps": 24, "batch_size": 4, "grad_clip": 1.0}),
    "lines in epochs": Case(
        "few names", {"epochs": 3, "batch_size": 30, "grad_accum_steps": 2}, stop=11
    ),
    "frozen": Case("names-mini", {"steps": 20}, dtype="float64", frozen="wte.weight"),
    "random places": Case("text", {"steps": 24, "batch_size": 3, **ADAMW}, GPT2),
    "windows": Case("text", {**WINDOWS, **ADAMW}, GPT2, stop=40),
    "tokens": Case("tokens", {**WINDOWS, "grad_accum_steps": 4}, GPT2, stop=10),
    "dropout": Case(
        "text", {**WINDOWS, **ADAMW, "grad_accum_steps": 2}, {**GPT2, "dropout": 0.3}, stop=17
    ),
    "used": Case(
        "text", {**WINDOWS, **ADAMW}, {**GPT2, "dropout": 0.3}, stop=17, used="."
    ),
    "part used": Case(
        "names-mini", {"steps": 20}, {**GPT2, "block_size": 16, "dropout": 0.2}, used="h.0"
    ),
    "patience": Case(
        "text",
        {"steps": 200, "lr": 0.05, "lr_schedule": "constant", "eval_every": 2, "patience": 6,
         "eval_train": True, "eval_batches": 4, "sample_every": 4, "num_samples": 2,
         "val_fraction": 0.5,
         "sample_prompt": "the", "sample_max_new_tokens": 4},
        GPT2, stop=10,
    ),
}  # fmt: skip
WAYS = {"numpy": ("numpy", False), "eager": ("numba", False), "captured": ("numba", True)}


def corpus_of(case: Case):
    """What it is trained on: a corpus or tokens."""
    if "names" in case.corpus:
        names = mg.load_corpus("names-mini")
        return names if case.corpus == "names-mini" else replace(names, documents=names[:400])
    text = mg.load_corpus(text=TEXT, format="text")
    return np.array(text.tokenizer().encode(TEXT)) if case.corpus == "tokens" else text


def trainer_of(case: Case, way: str, **options: Any) -> mg.Trainer:
    """A new trainer, before its first step."""
    backend, capture = WAYS[way]
    corpus = corpus_of(case)
    tokenizer = mg.load_corpus(text=TEXT, format="text").tokenizer()
    if "names" in case.corpus:
        tokenizer = mg.load_corpus("names-mini").tokenizer()
    preset = "gpt2-small" if case.model else "microgpt"
    shape = mg.GPTConfig.preset(preset, vocab_size=tokenizer.vocab_size, **case.model)
    model = mg.GPT(shape, seed=7, dtype=case.dtype, backend=backend)
    for name, weight in model.named_parameters():
        weight.requires_grad = name != case.frozen
    config = mg.TrainConfig(**case.train)
    with backends.using(backend):
        return mg.Trainer(model, corpus, config, tokenizer, capture, **options)


def use(trainer: mg.Trainer, case: Case) -> None:
    """Look at the model, or at a part of it, as one does between two steps."""
    if case.used:
        dict(trainer.model.named_modules())[case.used.strip(".")].eval()


def finish(trainer: mg.Trainer) -> dict[str, np.ndarray]:
    """Train to the end; all that must be equal, as arrays."""
    with backends.using(trainer.model.backend.name):
        history = trainer.run()
    assert not trainer.interrupted
    found = {f"weight {name}": w for name, w in trainer.model.state_dict().items()}
    found |= {f"optimizer {name}": a.copy() for name, a in trainer.optimizer.state_arrays().items()}
    for name in ("step", "loss", "lr", "grad_norm", "tokens", "tokens_seen"):
        found[name] = np.array([getattr(step, name) for step in history])
    found["epoch"] = np.array([step.epoch or 0.0 for step in history])
    found["validation"] = np.array([s.evaluation.loss for s in history if s.evaluation])
    found["training"] = np.array([s.train_evaluation.loss for s in history if s.train_evaluation])
    found["samples"] = np.array(["|".join(step.samples) for step in history])
    found["dropout"] = trainer.model.dropout_counter.copy()
    return found


SMALL = Case("text", {"steps": 8, "batch_size": 2}, CASES["windows"].model)


def equal(found, expected):
    for what, numbers in expected.items():
        np.testing.assert_array_equal(found[what], numbers, err_msg=what)


def main(folder: Path, names: list[str]) -> None:
    """Resume every training named "case/way" in the folder."""
    for name in names:
        case, way = name.split("/")
        backend, capture = WAYS[way]
        place = folder / name.replace(" ", "_")
        trainer = mg.Trainer.resume(place, corpus_of(CASES[case]), capture=capture, backend=backend)
        np.savez(place / "resumed.npz", **finish(trainer))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

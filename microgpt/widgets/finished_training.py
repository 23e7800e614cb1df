"""Recognise a training that a notebook has finished already, and give its result to a new model.

A cell that runs again makes its model anew, untrained. If nothing about its training has changed,
the new model and its trainer take over what the earlier ones had at the end.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from microgpt.backends import LOCK
from microgpt.config import GPTConfig, TrainConfig
from microgpt.data import Corpus
from microgpt.models.gpt import GPT
from microgpt.training import Trainer


@dataclass(frozen=True)
class TrainingFingerprint:
    """All that decides how a training ends; equal ones end with equal weights.

    `weights` and `data` are SHA-256 of the weights before the first step, and of the texts.
    """

    model_class: type
    model_config: GPTConfig
    backend: str
    weights: str
    data: str
    train_config: TrainConfig


# While the trainer lives, of which the view of the cell's latest run takes care.
_finished: WeakValueDictionary[TrainingFingerprint, Trainer] = WeakValueDictionary()
# Model -> SHA-256 of its weights at the end of its training, and before the first step.
_trained: WeakKeyDictionary[GPT, tuple[str, str]] = WeakKeyDictionary()


def training_fingerprint(trainer: Trainer) -> TrainingFingerprint | None:
    """Return the fingerprint of a trainer that has made no step; None if it trains on token ids.

    These may be a file of many gigabytes, which nobody waits for to be hashed.
    Of a model that a finished training left as it is, `weights` are those before that training: the
    same cell, run again without the line that makes the model, is the same training.
    """
    if not isinstance(trainer.corpus, Corpus):
        return None
    model, weights = trainer.model, weights_sha256(trainer.model)
    after, before = _trained.get(model, ("", ""))
    return TrainingFingerprint(
        type(model),
        model.config,
        model.backend.name,
        before if weights == after else weights,
        trainer.data.sha256,
        trainer.config,
    )


def remember_finished(trainer: Trainer, fingerprint: TrainingFingerprint) -> None:
    """Keep a finished training for `adopt_finished`, as long as its trainer lives."""
    _finished[fingerprint] = trainer
    _trained[trainer.model] = weights_sha256(trainer.model), fingerprint.weights


def adopt_finished(trainer: Trainer, fingerprint: TrainingFingerprint) -> bool:
    """Give a new trainer and its model the state of an equal training that is finished.

    Return False, and change nothing, if there is none, or if its weights have been changed since.
    """
    earlier = _finished.get(fingerprint)
    if earlier is None:
        return False
    if weights_sha256(earlier.model) != _trained.get(earlier.model, ("", ""))[0]:
        return False
    with LOCK:
        _copy_training(earlier, trainer)
    remember_finished(trainer, fingerprint)
    return True


def weights_sha256(model: GPT) -> str:
    """Return the SHA-256 of all weights, their names, and the state of dropout."""
    digest = hashlib.sha256(f"{model.dropout_seed} {model.dropout_counter.tolist()}".encode())
    with LOCK:
        for name, weight in model.named_parameters():
            array = np.ascontiguousarray(weight.numpy())
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(array.data)
    return digest.hexdigest()


def _copy_training(source: Trainer, target: Trainer) -> None:
    """Copy weights, the optimiser's state, the position in the data, dropout and the history."""
    model, state = target.model, source.state
    model.load_state_dict(source.model.state_dict())
    arrays: dict[str, Any] = source.optimizer.state_arrays()
    for name, array in target.optimizer.state_arrays().items():
        array[...] = arrays[name]
    target.batches.load_state_dict(source.batches.state_dict())
    target.state.restore(
        list(state.history), list(state.pending_batches), state.evaluation_due,
        state.final_evaluation,
    )  # fmt: skip
    model.dropout_seed = int(source.model.dropout_seed)
    model.dropout_counter[...] = source.model.dropout_counter

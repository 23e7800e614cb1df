"""`RunText`: the batches of a recorded run, and the fixed rows on which it is measured."""

import warnings

import numpy as np

from microgpt.config import TrainConfig
from microgpt.data import Batch, Batches, encode_text
from microgpt.ops.token_ids import IGNORED
from microgpt.plain_text import pluralize
from microgpt.runs.baselines import Baseline, count_baselines
from microgpt.runs.run_settings import BATCH_SIZE, VAL_FRACTION, RunSettings
from microgpt.runs.switches import SAME, SHUFFLED
from microgpt.training.dataset import TrainingData

MAX_WINDOWS, MAX_DOCUMENTS = 32, 256  # of held-out data, and as many of training data


class RunText:
    """A corpus split for a run: `held_out` and `training` are rows of tokens and targets (N, T).

    Both are the same at every snapshot. The targets of `training` are those that the run trains on,
    the targets of `held_out` always the next tokens.
    """

    def __init__(self, settings: RunSettings):
        self.settings = settings
        self.tokenizer = settings.corpus.tokenizer()
        self.vocab_size = self.tokenizer.vocab_size
        config = TrainConfig(batch_size=BATCH_SIZE, val_fraction=VAL_FRACTION, seed=settings.seed)
        self._data = TrainingData(
            settings.corpus, None, self.tokenizer, config, settings.model_config(self.vocab_size)
        )
        self._batches = self._train_batches()
        self._rng = np.random.default_rng([settings.seed, 1])
        self._row_limit = MAX_DOCUMENTS if self._data.is_lines else MAX_WINDOWS
        assert self._data.validation is not None  # since VAL_FRACTION is above 0
        held_out = self._data.evaluation_batches(self._data.validation)
        self.held_out = next(held_out.eval_batches(self._row_limit, self._row_limit))
        tokens, targets = next(self._batches.eval_batches(self._row_limit, self._row_limit))
        rng = np.random.default_rng([settings.seed, 2])
        self.training = tokens, self._changed(tokens, targets, rng)

    def _train_batches(self) -> Batches:
        with warnings.catch_warnings():  # lines longer than the model's block are cut
            warnings.simplefilter("ignore", UserWarning)
            return self._data.train_batches(warn=False)

    def next_batch(self) -> Batch:
        """Draw the tokens and the targets (B, T) of the next step."""
        tokens, targets = next(self._batches)
        return tokens, self._changed(tokens, targets, self._rng)

    def _changed(
        self, tokens: np.ndarray, targets: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the targets that the switch makes of the right ones."""
        has_target = targets != IGNORED
        if self.settings.switch.targets == SAME:
            return np.where(has_target, tokens, targets)
        if self.settings.switch.targets == SHUFFLED:
            shuffled = targets.copy()
            shuffled[has_target] = rng.permutation(targets[has_target])
            return shuffled
        return targets

    def rows_in_words(self) -> tuple[str, str]:
        """Return what the training and the held-out losses of snapshots are means over.

        Such as "256 of 5,969 training lines" or "32 windows of 64 letters of the training text".
        """
        names = []
        pairs = ((self.training, self._data.train), (self.held_out, self._data.validation))
        for part, ((tokens, _), texts) in zip(("training", "held-out"), pairs, strict=True):
            if self._data.is_lines:
                names.append(f"{len(tokens):,} of {len(texts):,} {part} lines")
            else:
                windows = pluralize(len(tokens), "window")
                names.append(f"{windows} of {tokens.shape[1]} letters of the {part} text")
        return names[0], names[1]

    def count_baselines(self) -> tuple[Baseline, ...]:
        """Count the training text; measure on the held-out rows."""
        if self._data.is_lines:
            limit = len(self._data.train)
            training = next(self._batches.eval_batches(limit, limit))
        else:
            ids = np.asarray(encode_text(self._data.train, self.tokenizer))
            training = ids[None, :-1], ids[None, 1:]
        return count_baselines(training, self.held_out, self.vocab_size)

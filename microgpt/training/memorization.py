"""`MemorizationCheck`: labels a generated text as seen in training, held out, or new."""

from microgpt.training.dataset import TrainingData
from microgpt.training.trainer_state import TrainerState


class MemorizationCheck:
    """Labels a text "trained on" (so far), "in the list, not trained on", or "new".

    A text longer than the block counts as trained on if the part that fits into the block was. The
    check refers to the data, not to the trainer, so that it does not keep the model alive.
    """

    def __init__(self, data: TrainingData, state: TrainerState):
        self._data, self._state = data, state
        self._documents = frozenset(data.corpus.documents if data.is_lines else ())
        self._trained_on: tuple[int, set[str]] = (0, set())  # (steps, texts)

    def __call__(self, text: str) -> str:
        steps, data = len(self._state.history), self._data
        if self._trained_on[0] != steps:
            trained_on = {
                data.tokenizer.decode([*tokens[:1], *targets[targets >= 0]])
                for batch in data.first_batches(steps)
                for tokens, targets in zip(*batch, strict=True)
            }
            self._trained_on = steps, trained_on
        if text[: data.block_size] in self._trained_on[1]:
            return "trained on"
        return "in the list, not trained on" if text in self._documents else "new"

"""`MemorizationCheck`: labels a generated text as seen in training, held out, or new."""

from microgpt.errors import TokenError
from microgpt.training.dataset import TrainingData
from microgpt.training.trainer_state import TrainerState

TokenIds = tuple[int, ...]


class MemorizationCheck:
    """Labels a text "trained on" (so far), "in the list, not trained on", or "new".

    A document that has more tokens than the block counts as trained on if its first tokens were,
    and so does a text of exactly these tokens. The check refers to the data, not to the trainer, so
    that it does not keep the model alive.
    """

    def __init__(self, data: TrainingData, state: TrainerState):
        self._data, self._state = data, state
        self._documents = frozenset(data.corpus.documents if data.is_lines else ())
        self._trained_on: tuple[int, set[TokenIds]] = (0, set())  # (steps, rows)

    def __call__(self, text: str) -> str:
        is_listed = text in self._documents
        if self._row(text, eos=is_listed) in self._rows_so_far():
            return "trained on"
        return "in the list, not trained on" if is_listed else "new"

    def _row(self, text: str, eos: bool) -> TokenIds:
        """Return a text's tokens as a row of a batch holds them; () if it cannot be encoded.

        Only a document ends with EOS: what was cut off has none.
        """
        try:
            tokens = self._data.tokenizer.encode(text, bos=True, eos=eos)
        except TokenError:
            return ()
        return tuple(tokens[: self._data.block_size + 1]) if eos else tuple(tokens)

    def _rows_so_far(self) -> set[TokenIds]:
        steps = len(self._state.history)
        if self._trained_on[0] != steps:
            rows = {
                (int(tokens[0]), *targets[targets >= 0].tolist())
                for batch in self._data.first_batches(steps)
                for tokens, targets in zip(*batch, strict=True)
            }
            self._trained_on = steps, rows
        return self._trained_on[1]

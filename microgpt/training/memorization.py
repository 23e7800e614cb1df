"""What a training has met, said by its model: which keeps the texts for it, and no trainer."""

from microgpt.training.dataset import TrainingData
from microgpt.training.progress import Progress


class MemorizationCheck:
    """Whether a text was "trained on" so far, is "in the list, not trained on", or "new".

    Of a text longer than the block, the beginning that fits into it counts.
    """

    def __init__(self, material: TrainingData, progress: Progress):
        self._material, self._progress = material, progress
        self._list = frozenset(material.whole.documents if material.is_lines else ())
        self._met: tuple[int, set[str]] = (0, set())

    def __call__(self, text: str) -> str:
        done, material = len(self._progress.history), self._material
        if self._met[0] != done:
            met = {
                material.tokenizer.decode([*tokens[:1], *targets[targets >= 0]])
                for batch in material.seen(done)
                for tokens, targets in zip(*batch, strict=True)
            }
            self._met = done, met
        if text[: material.block_size] in self._met[1]:
            return "trained on"
        return "in the list, not trained on" if text in self._list else "new"

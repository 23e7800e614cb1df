"""How far a training is: its history, and what it has begun and not finished."""

from dataclasses import dataclass, field, replace
from math import inf

from microgpt.data import Batch
from microgpt.training.metrics import Evaluation, Step


@dataclass
class Progress:
    """The steps done, and what must not get lost between two of them.

    `pending` are batches that were drawn and are in no step of the history; `owed` says that the
    last step has still to be looked at (evaluated, sampled). `lowest` is the number of the step in
    the history with the lowest validation loss, `worse` how many evaluations came after it.
    `closing` is a step and what was found after it out of turn, where that is lower still: `worse`
    knows nothing of it, so that a training which is stopped and resumed ends where it would have.
    """

    history: list[Step] = field(default_factory=list)
    pending: list[Batch] = field(default_factory=list)
    owed: bool = False
    lowest: int | None = None
    worse: int = 0
    closing: tuple[int, Evaluation] | None = None

    @property
    def tokens_seen(self) -> int:
        """The targets of all steps so far."""
        return self.history[-1].tokens_seen if self.history else 0

    @property
    def best(self) -> Step | None:
        """The step with the lowest validation loss, in turn or at a close."""
        if self.closing is not None:
            number, evaluation = self.closing
            return replace(self.history[number], evaluation=evaluation)
        return None if self.lowest is None else self.history[self.lowest]

    def add(self, step: Step) -> None:
        """Put a step that is done into the history; its batches are spent."""
        self.history.append(step)
        self.pending, self.owed = [], True

    def is_best(self, evaluation: Evaluation | None) -> bool:
        """Whether a validation loss is the lowest so far."""
        return evaluation is not None and evaluation.loss < _loss(self.best)

    def judge(self, step: Step) -> None:
        """Count an evaluated step of the history."""
        if step.evaluation is None:
            return
        loss = step.evaluation.loss
        if loss < _loss(None if self.lowest is None else self.history[self.lowest]):
            self.lowest, self.worse = step.step, 0
        else:
            self.worse += 1
        if self.closing is not None and loss <= self.closing[1].loss:
            self.closing = None


def _loss(step: Step | None) -> float:
    return inf if step is None or step.evaluation is None else step.evaluation.loss

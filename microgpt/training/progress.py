"""How far a training is: its history, and what it has begun and not finished."""

from dataclasses import dataclass, field
from math import isnan

from microgpt.data import Batch
from microgpt.training.results import Step


@dataclass
class Progress:
    """The steps done, and what must not get lost between two of them.

    `pending` are batches that were drawn and are in no step of the history; `owed` says that the
    last step has still to be looked at (evaluated, sampled). `best` is the step with the lowest
    validation loss, `worse` how many evaluations came after it.
    """

    history: list[Step] = field(default_factory=list)
    pending: list[Batch] = field(default_factory=list)
    owed: bool = False
    best: Step | None = None
    worse: int = 0

    @property
    def tokens_seen(self) -> int:
        """The targets of all steps so far."""
        return self.history[-1].tokens_seen if self.history else 0

    def add(self, step: Step) -> None:
        """Put a step that is done into the history; its batches are spent."""
        self.history.append(step)
        self.pending, self.owed = [], True

    def would_be_best(self, step: Step) -> bool:
        """Whether its validation loss is the lowest so far."""
        if step.evaluation is None or isnan(step.evaluation.loss):
            return False
        held = None if self.best is None else self.best.evaluation
        return held is None or step.evaluation.loss < held.loss

    def judge(self, step: Step) -> None:
        """Count an evaluated step."""
        if self.would_be_best(step):
            self.best, self.worse = step, 0
        elif step.evaluation is not None:
            self.worse += 1

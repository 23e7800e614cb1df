"""`TrainerState`: the history of a training and its unfinished work."""

from dataclasses import dataclass, field, replace
from math import inf

from microgpt.data import Batch
from microgpt.training.metrics import Evaluation, Step


@dataclass
class TrainerState:
    """The steps done, and state that an interrupt between two steps must not lose.

    `pending_batches` were drawn for the next step; `evaluation_due` is true until the last step has
    been evaluated and sampled. `best_index` is the step with the lowest validation loss, followed
    by `evals_since_best` evaluations. `final_evaluation` is (step, evaluation) of an evaluation
    outside the schedule with a lower loss still. `evals_since_best` does not count it, so that
    training which is stopped and resumed ends at the same step.
    """

    history: list[Step] = field(default_factory=list)
    pending_batches: list[Batch] = field(default_factory=list)
    evaluation_due: bool = False
    best_index: int | None = None
    evals_since_best: int = 0
    final_evaluation: tuple[int, Evaluation] | None = None

    @property
    def tokens_seen(self) -> int:
        """The number of targets of all steps so far."""
        return self.history[-1].tokens_seen if self.history else 0

    @property
    def best(self) -> Step | None:
        """The step with the lowest validation loss, the final evaluation included."""
        if self.final_evaluation is not None:
            index, evaluation = self.final_evaluation
            return replace(self.history[index], evaluation=evaluation)
        return None if self.best_index is None else self.history[self.best_index]

    def add_batch(self, batch: Batch) -> None:
        """Keep a drawn batch until its step is done."""
        self.pending_batches.append(batch)

    def add_step(self, step: Step) -> None:
        """Append a finished step and drop its batches."""
        self.history.append(step)
        self.pending_batches, self.evaluation_due = [], True

    def complete_step(self) -> None:
        """Mark the last step as evaluated and sampled, or as one that cannot be."""
        self.evaluation_due = False

    def is_best(self, evaluation: Evaluation | None) -> bool:
        """Whether a validation loss is the lowest so far."""
        return evaluation is not None and evaluation.loss < _validation_loss(self.best)

    def record_evaluation(self, step: Step) -> None:
        """Update the best step and the count since, if the step has a validation loss."""
        if step.evaluation is None:
            return
        loss = step.evaluation.loss
        best = None if self.best_index is None else self.history[self.best_index]
        if loss < _validation_loss(best):
            self.best_index, self.evals_since_best = step.step, 0
        else:
            self.evals_since_best += 1
        if self.final_evaluation is not None and loss <= self.final_evaluation[1].loss:
            self.final_evaluation = None

    def record_final_evaluation(self, evaluation: Evaluation) -> None:
        """Make the last step the best one, with an evaluation outside the schedule."""
        self.final_evaluation = len(self.history) - 1, evaluation

    def restore(
        self,
        history: list[Step],
        pending_batches: list[Batch],
        evaluation_due: bool,
        final_evaluation: tuple[int, Evaluation] | None,
    ) -> None:
        """Fill a new state from a file; best step and count are derived from the history."""
        self.history += history
        for step in history:
            self.record_evaluation(step)
        self.pending_batches, self.evaluation_due = pending_batches, evaluation_due
        self.final_evaluation = final_evaluation


def _validation_loss(step: Step | None) -> float:
    return inf if step is None or step.evaluation is None else step.evaluation.loss

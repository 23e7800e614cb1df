"""Which step of a training is the best."""

from microgpt.training import Evaluation, Step
from microgpt.training.trainer_state import TrainerState


def evaluated(number, loss):
    evaluation = Evaluation(loss, 0.1, 10)
    return Step(number, 2.0, 0.1, 1.0, 10, 0.1, evaluation=evaluation)


def test_only_a_lower_loss_is_better():
    state = TrainerState()
    for number, loss in enumerate([2.0, 1.5, 1.5, 1.6, 1.5]):
        assert state.is_best(Evaluation(loss, 0.1, 10)) == (number < 2)
        state.history.append(evaluated(number, loss))
        state.record_evaluation(state.history[-1])
    assert (state.best_index, state.evals_since_best) == (1, 3)
    assert not state.is_best(None)


def test_a_final_evaluation_is_the_best_until_one_of_the_schedule_is_as_good():
    state = TrainerState()
    state.history.append(evaluated(0, 2.0))
    state.record_evaluation(state.history[-1])
    state.record_final_evaluation(Evaluation(1.0, 0.1, 10))
    for number, loss in enumerate([1.5, 1.2], start=1):
        state.history.append(evaluated(number, loss))
        state.record_evaluation(state.history[-1])
        assert state.best.evaluation.loss == 1.0
    state.history.append(evaluated(3, 1.0))
    state.record_evaluation(state.history[-1])
    assert (state.final_evaluation, state.best.step) == (None, 3)

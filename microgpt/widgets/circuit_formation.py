"""`CircuitFormation`: two layers learn to copy, and what their heads do is shown step by step."""

from dataclasses import replace
from math import log

from microgpt.viz.circuit import CircuitPicture, circuit_table, draw_circuit, render_circuit
from microgpt.widgets.controls import LabeledSlider, box
from microgpt.widgets.induction_training import (
    EXAMPLE_LENGTH,
    EXAMPLE_PERIOD,
    LETTERS,
    NUM_TEXTS,
    SNAPSHOT_EVERY,
    InductionHistory,
    train_induction,
)
from microgpt.widgets.panel import Panel


class CircuitFormation(Panel):
    """A live view of an induction circuit while it forms: loss, weights, losses without each head.

    A GPT of two layers with two heads each learns random letters that repeat. It is trained for
    `steps` steps from `seed`, which takes about five seconds for 600, and measured every 25 of
    them; a slider goes through the snapshots. It opens at the end of the time in which the loss
    falls most. In some runs one head of the first layer does the work, as with seed 1, in others
    both share it, as with seed 0. The circuit is that of Elhage et al. 2021, *A Mathematical
    Framework for Transformer Circuits*, its sudden forming that of Olsson et al. 2022, *In-context
    Learning and Induction Heads*. Raises SettingError for settings out of range.
    """

    def __init__(self, steps: int = 600, seed: int = 1):
        state = circuit_picture(train_induction(steps, seed))
        self.slider = LabeledSlider(
            lambda step, maximum: "Step",
            0, state.steps[-1], SNAPSHOT_EVERY,
            lambda step, _: self.on_move("snapshot", with_snapshot, step),
        )  # fmt: skip
        super().__init__(
            state,
            render_circuit,
            draw_circuit,
            css_class="circuit",
            controls=[box("mg-dial", [self.slider.widget])],
            numbers_table=circuit_table,
            arguments=(steps, seed),
        )

    def sync_controls(self) -> None:
        """Show the state in the slider."""
        if not self.is_waiting("snapshot"):
            self.slider.value = self.state.step
        self.fill_open_sections()


def with_snapshot(picture: CircuitPicture, step: float) -> CircuitPicture:
    """Return the picture at the snapshot that was taken nearest to a step."""
    distances = [abs(step - other) for other in picture.steps]
    return replace(picture, snapshot=distances.index(min(distances)))


def circuit_picture(history: InductionHistory) -> CircuitPicture:
    """Return what is shown of a training run, at the end of the fall of its loss."""
    letters = "".join(LETTERS[token] for token in history.example)
    picture = CircuitPicture(
        steps=history.steps,
        losses=history.losses,
        blind_loss=log(len(LETTERS)),
        previous=history.previous,
        following=history.following,
        following_without=history.following_without,
        rises=history.rises,
        letters=letters,
        next_letter=letters[EXAMPLE_LENGTH - EXAMPLE_PERIOD],
        weights=history.weights,
        probs=history.probs,
        num_texts=NUM_TEXTS,
    )
    return replace(picture, snapshot=picture.fall[1])

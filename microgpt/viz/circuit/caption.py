"""The sentences of a circuit: when the loss falls, what the heads do meanwhile, who needs whom."""

from microgpt.plain_text import pluralize
from microgpt.viz.circuit.data import CircuitPicture

SMALL_FALL = 0.1  # nats; a smaller fall of the loss is not told


def question(shown: CircuitPicture) -> str:
    """Return the question that the view answers."""
    steps = pluralize(shown.step, "step")
    return f"How does it copy after {steps}?" if shown.step else "Can it copy before training?"


def circuit_caption(shown: CircuitPicture) -> str:
    """Return when the loss falls most, what two heads do in that time, and who needs whom."""
    start, end = shown.fall
    fell = shown.losses[start] - shown.losses[end]
    if fell < SMALL_FALL:
        return f"In {shown.steps[-1]:,} steps the loss has not fallen by {SMALL_FALL} nats."
    first, second = shown.first_head, shown.second_head
    before, after = shown.previous[:, first], shown.following[:, second]
    return (
        f"The loss falls most between steps {shown.steps[start]:,} and {shown.steps[end]:,}, from "
        f"{shown.losses[start]:.2f} to {shown.losses[end]:.2f}. In this time, head {first + 1} of "
        f"layer 1 {_goes(before[start], before[end])} of its weight on the letter before, and head "
        f"{second + 1} of layer 2 {_goes(after[start], after[end])} on the letter that came next "
        f"the last time. After training, that is {_percent(after[-1])}; without the heads of "
        f"layer 1, {_percent(shown.following_without[-1, second])}."
    )


def _goes(old: float, new: float) -> str:
    return f"goes from {_percent(old)} to {_percent(new)}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"

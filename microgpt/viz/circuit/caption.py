"""The sentences of a circuit: what its heads do now, when the loss falls, who needs whom."""

from microgpt.plain_text import pluralize
from microgpt.viz.circuit.data import CircuitPicture
from microgpt.viz.formatting import in_quotes

SMALL_FALL = 0.1  # nats; a smaller fall of the loss is not told


def question(shown: CircuitPicture) -> str:
    """Return the question that the view answers."""
    return f"{when(shown)}: how does it copy?" if shown.step else "Can it copy before training?"


def circuit_caption(shown: CircuitPicture) -> str:
    """Return what two heads do at the snapshot, when the loss falls most, and who needs whom."""
    start, end = shown.fall
    fell = shown.losses[start] - shown.losses[end]
    if fell < SMALL_FALL:
        return f"In {shown.steps[-1]:,} steps the loss has not fallen by {SMALL_FALL} nats."
    second = shown.second_head
    return (
        f"{_at_snapshot(shown)} The loss falls most between steps {shown.steps[start]:,} and "
        f"{shown.steps[end]:,}, from {shown.losses[start]:.2f} to {shown.losses[end]:.2f}. After "
        f"training, head {second + 1} of layer 2 has {_percent(shown.following[-1, second])} "
        f"there; without the heads of layer 1, {_percent(shown.following_without[-1, second])}."
    )


def _at_snapshot(shown: CircuitPicture) -> str:
    now, first, second = shown.snapshot, shown.first_head, shown.second_head
    return (
        f"{when(shown)}, head {first + 1} of layer 1 has {_percent(shown.previous[now, first])} of "
        f"its weight on the letter before, where a text is new, and head {second + 1} of layer 2 "
        f"has {_percent(shown.following[now, second])} on letters after earlier copies of the "
        f"present one. These are means over {shown.num_texts} texts; in the text above, "
        f"{_percent(shown.weights[now, second, shown.came_next])} is on "
        f"{in_quotes(shown.letters[shown.came_next])}."
    )


def when(shown: CircuitPicture) -> str:
    """Return at which step the snapshot was taken, as the beginning of a sentence."""
    return f"After {pluralize(shown.step, 'step')}" if shown.step else "Before training"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"

"""The sentence under the flight recorder, made from its numbers."""

from math import isfinite

from microgpt.moving_average import mean_of
from microgpt.viz.flight_recorder.flight import Flight
from microgpt.viz.formatting import in_quotes

NAMES = {"letters": "counting letters", "pairs": "counting pairs", "triples": "counting triples"}
BLIND = "guessing blindly"
NOT_FINITE = "not a number any more"
GROUP = "MLP"  # whose update the sentence tells


def flight_caption(flight: Flight) -> str:
    """Return what happened up to the snapshot shown, and the verdict."""
    sentences = []
    snapshot = flight.snapshot
    if flight.note:
        sentences.append(flight.note)
    if snapshot is None or not len(flight.curves):
        sentences.append(
            "Press Start. The dashed lines of the loss are guessing blindly, "
            f"ln {flight.vocab_size}, and what counting on the training text reaches on held-out "
            "text: watch which one the loss crosses next."
        )
    else:
        sentences.append(_losses(flight))
        if snapshot.step:
            sentences.append(_sizes(flight))
        sentences.append(f"Verdict: {snapshot.verdict}.")
    if flight.is_symptom_due:
        sentences.append(f"The symptom of {in_quotes(flight.run_name)}: {flight.symptom}.")
    if flight.other is not None and flight.other.parting:
        sentences.append(flight.other.parting)
    if flight.error:
        sentences.append(f"The run ended early: {flight.error}.".replace("..", "."))
    return " ".join(sentences)


def loss_text(loss: float) -> str:
    """Return a loss with two decimals, or in words that it is not finite."""
    return f"{loss:.2f}" if isfinite(loss) else NOT_FINITE


def standing(flight: Flight, loss: float) -> str:
    """Return which dashed line a loss is below, or that it is above all, in words."""
    below = [(name, level) for name, level in flight.baselines if loss < level]
    if not below:
        return f"above {BLIND} ({flight.uniform_loss:.2f})"
    name, level = min(below, key=lambda line: line[1])
    return f"below {NAMES.get(name, BLIND)} ({level:.2f})"


def _losses(flight: Flight) -> str:
    snapshot = flight.snapshot
    assert snapshot is not None
    if not snapshot.step:
        return f"Before the first step the held-out loss is {loss_text(snapshot.held_out)}."
    loss = flight.mean_before(flight.curves.losses, snapshot.step)
    mean = f"mean of {mean_of(snapshot.step)}"
    return (
        f"At step {snapshot.step:,} the loss ({mean}) is {loss:.2f}, {standing(flight, loss)}. "
        f"After that step the training loss is {loss_text(snapshot.training)}, the held-out loss "
        f"{loss_text(snapshot.held_out)}."
    )


def _sizes(flight: Flight) -> str:
    snapshot = flight.snapshot
    assert snapshot is not None
    norm = flight.mean_before(flight.curves.grad_norms, snapshot.step)
    ratios = flight.curves.update_ratios[:, flight.groups.index(GROUP)]
    ratio = flight.mean_before(ratios, snapshot.step)
    norm_text = ratio_text = NOT_FINITE
    if isfinite(norm):
        norm_text = f"{norm:.2g}" if norm < 10 else f"{norm:,.0f}"
    if isfinite(ratio):
        ratio_text = f"{100 * ratio:.2g} % of its weights"
    return f"The gradient norm is {norm_text}, the {GROUP}'s update is {ratio_text}."

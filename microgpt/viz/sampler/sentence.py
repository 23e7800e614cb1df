"""The sentence under dial and dice: what stands there, and why the pick changed."""

from microgpt.sampling import ModelOrigin, Walk, letter_chances, surprise
from microgpt.viz.words import ordinal, quoted, share


def sentence(walk: Walk) -> str:
    """What the picture of a walk shows, in one to three sentences."""
    shown = walk.shown
    choice, label = shown.choice, shown.origin.label
    top = quoted(label(int(choice.order[0])))
    pick = quoted(label(choice.token))
    parts = []
    if walk.ended:
        parts.append("The text has ended.")
    elif walk.finished:
        parts.append("Sixteen letters are drawn; the text stops here.")
    if shown.dials.temperature == 0:
        parts.append(f"At T = 0 the favourite, {top}, is always taken; the dice are not used.")
    else:
        chance = share(float(choice.probabilities[choice.order[0]]))
        parts.append(f"At {dials_said(shown)}, {top} leads with {chance}.")
        crossing = None if walk.finished else shown.crossing
        if crossing is not None:
            old, new = quoted(label(crossing.old)), quoted(label(crossing.new))
            parts.append(
                f"The dart stayed at {choice.u:.3f}; the edge of {quoted(label(crossing.edge))} "
                f"moved from {crossing.before:.3f} to {crossing.after:.3f}, so the pick changed "
                f"from {old} to {new}."
            )
        else:
            hand = ", placed by hand," if shown.turn.placed is not None else ""
            parts.append(
                f"The dart at {choice.u:.3f}{hand} lands on {pick}, {ordinal(choice.rank)}."
            )
    if shown.origin.note and shown.crossing is None:
        parts.append(shown.origin.note)
    return " ".join(parts)


def dials_said(walk: Walk) -> str:
    """The dials as they stand, those that are off left out: "T = 0.70, top-k 20"."""
    dials = walk.dials
    said = [f"T = {dials.temperature:.2f}"]
    if dials.top_k is not None:
        said.append(f"top-k {dials.top_k}")
    if dials.top_p is not None:
        said.append(f"top-p {dials.top_p:g}")
    if dials.min_p:
        said.append(f"min-p {dials.min_p:g}")
    return ", ".join(said)


def chance_so_far(walk: Walk) -> float | None:
    """The chance of the text so far at these dials; None where no model gave one."""
    from math import exp

    if not isinstance(walk.origin, ModelOrigin) or not walk.text_tokens:
        return None
    if len(walk.text_tokens) + (walk.origin.stop is not None) > walk.origin.block_size:
        return None
    return exp(-surprise(letter_chances(walk.origin, walk.text, walk.dials, end=walk.ended)))

"""The sentence under dial and dice: what stands there, and why the pick changed."""

from microgpt.sampling import Crossing, Walk
from microgpt.viz.formatting import apart, ordinal, per_cent, quoted
from microgpt.viz.sampler.bars import shown_tenths

ROWS = 20


def sentence(walk: Walk, rows: int = ROWS) -> str:
    """What the picture of a walk with so many rows shows, in one to three sentences."""
    shown = walk.shown
    choice, label = shown.choice, shown.origin.label
    top = quoted(label(int(choice.order[0])))
    parts = []
    if walk.ended:
        parts.append("The text has ended.")
    elif walk.finished:
        parts.append(f"Sixteen {walk.origin.unit}s are drawn; the text stops here.")
    crossing = None if walk.finished else shown.crossing
    if shown.dials.temperature == 0:
        parts.append(f"At T = 0 the favourite, {top}, is always taken; the dice are not used.")
    else:
        leads = per_cent(shown_tenths(shown, rows)[0])
        parts.append(f"At {dials_said(shown)}, {top} leads with {leads}.")
        if crossing is not None:
            parts.append(_why(shown, crossing))
        else:
            hand = ", placed by hand," if shown.turn.placed is not None else ""
            pick = quoted(label(choice.token))
            parts.append(
                f"The dart at {choice.u:.3f}{hand} lands on {pick}, {ordinal(choice.rank)}."
            )
    if shown.origin.note and crossing is None:
        parts.append(shown.origin.note)
    return " ".join(parts)


def _why(walk: Walk, crossing: Crossing) -> str:
    label = walk.origin.label
    old, new, edge = (quoted(label(token)) for token in (crossing.old, crossing.new, crossing.edge))
    dart, before, after = apart(walk.choice.u, crossing.before, crossing.after)
    return (
        f"The dart stayed at {dart}; the edge of {edge} moved from {before} to {after}, "
        f"so the pick changed from {old} to {new}."
    )


def dials_said(walk: Walk) -> str:
    """The dials as they stand, those that are off left out: "T = 0.70, top-k 20"."""
    dials = walk.dials
    said = [f"T = {dials.temperature:.2f}"]
    if dials.top_k is not None and dials.top_k < walk.origin.vocab_size:
        said.append(f"top-k {dials.top_k}")
    if dials.top_p is not None:
        said.append(f"top-p {dials.top_p:g}")
    if dials.min_p:
        said.append(f"min-p {dials.min_p:g}")
    return ", ".join(said)

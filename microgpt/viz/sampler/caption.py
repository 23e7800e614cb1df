"""The caption of a sampling step: the parameters, the top token, and why the pick changed."""

from microgpt.viz.formatting import distinct_decimals, format_permille, ordinal_choice, quoted
from microgpt.viz.sampler.bars import displayed_permille
from microgpt.viz.sampler.view import PickChange, SamplingView

DEFAULT_ROWS = 20


def sampling_caption(view: SamplingView, rows: int = DEFAULT_ROWS) -> str:
    """Describe the picture in one to four sentences, with the percentages of its `rows` bars."""
    top_token = quoted(view.ranked_label(0))
    sentences = []
    if view.reached_eos:
        sentences.append("The text has ended.")
    elif view.is_finished:
        sentences.append(f"Sixteen {view.unit}s are drawn; the text stops here.")
    if view.is_greedy:
        sentences.append(
            f"At T = 0 the favourite, {top_token}, is always taken; the dice are not used."
        )
    else:
        percent = format_permille(displayed_permille(view, rows)[0])
        sentences.append(f"At {describe_params(view)}, {top_token} leads with {percent}.")
        if view.pick_change is not None:
            sentences.append(_explain(view, view.pick_change))
        else:
            by_hand = ", placed by hand," if view.u_is_fixed else ""
            sentences.append(
                f"The dart at {view.u:.3f}{by_hand} lands on "
                f"{quoted(view.labels[view.picked_token])}, {ordinal_choice(view.picked_rank)}."
            )
    if view.note and view.pick_change is None:
        sentences.append(view.note)
    return " ".join(sentences)


def _explain(view: SamplingView, change: PickChange) -> str:
    old, new, edge = (
        quoted(view.labels[token])
        for token in (change.old_token, change.new_token, change.edge_token)
    )
    u, before, after = distinct_decimals(view.u, change.edge_before, change.edge_after)
    return (
        f"The dart stayed at {u}; the edge of {edge} moved from {before} to {after}, "
        f"so the pick changed from {old} to {new}."
    )


def describe_params(view: SamplingView) -> str:
    """List the sampling parameters that have an effect, such as "T = 0.70, top-k 20", as text."""
    params = view.params
    parts = [f"T = {params.temperature:.2f}"]
    if params.top_k is not None and params.top_k < view.vocab_size:
        parts.append(f"top-k {params.top_k}")
    if params.top_p is not None:
        parts.append(f"top-p {params.top_p:g}")
    if params.min_p:
        parts.append(f"min-p {params.min_p:g}")
    return ", ".join(parts)

"""The caption of a sampling step: the parameters, the top token, and why the pick changed."""

from microgpt.viz.formatting import distinct_decimals, format_param, format_permille, quoted, ranked
from microgpt.viz.sampler.rows import top_permille
from microgpt.viz.sampler.text_so_far import text_noun
from microgpt.viz.sampler.view import PickChange, SamplingView


def sampling_caption(view: SamplingView) -> str:
    """Describe the picture in one to three sentences, with the percentages that it shows."""
    top_token = quoted(view.ranked_label(0))
    sentences = []
    if view.is_greedy:
        sentences += [
            f"At T = 0 there is no dividing by 0: the most probable {view.unit}, {top_token}, is "
            "always taken.",
            "The dart is not used.",
        ]
    else:
        percent = format_permille(top_permille(view))
        sentences.append(f"At {describe_params(view)}, {top_token} leads with {percent}.")
        if view.pick_change is not None:
            sentences.append(_explain(view, view.pick_change))
        else:
            sentences.append(_landing(view))
    if view.is_finished and not view.reached_eos:
        sentences.append(f"Sixteen {view.unit}s are drawn, and the text stops here.")
    if view.note and view.pick_change is None:
        sentences.append(view.note)
    return " ".join(sentences)


def _landing(view: SamplingView) -> str:
    by_hand = ", placed by hand," if view.u_is_fixed else ""
    sentence = (
        f"The dart at {view.u:.3f}{by_hand} lands on {quoted(view.labels[view.picked_token])}"
    )
    if view.unit != "rank":
        sentence += f", {ranked(view.picked_rank)}"
    return sentence + (f": the {text_noun(view)} ends." if view.reached_eos else ".")


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
    parts = [f"T = {format_param(float(params.temperature))}"]
    if params.top_k is not None and params.top_k < view.vocab_size:
        parts.append(f"top-k {format_param(params.top_k)}")
    if params.top_p is not None:
        parts.append(f"top-p {format_param(float(params.top_p))}")
    if params.min_p:
        parts.append(f"min-p {format_param(float(params.min_p))}")
    return ", ".join(parts)

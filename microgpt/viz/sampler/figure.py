"""A sampling step as a view: question, strip, text so far, bars and key figures, as HTML."""

from math import exp

from microgpt.viz.formatting import ranked, visible
from microgpt.viz.html import Markup, Rendered, join, tag
from microgpt.viz.sampler.bars import bars_html
from microgpt.viz.sampler.caption import sampling_caption
from microgpt.viz.sampler.cumulative_bar import strip_html
from microgpt.viz.sampler.text_so_far import question, text_html
from microgpt.viz.sampler.view import SamplingView

MAX_FIGURE_LENGTH = 7  # characters in the size of a figure; more are smaller
MAX_LINE_LENGTH = 11  # characters of a figure with its unit beside it; else that is below


def render_sampling(
    view: SamplingView, before: SamplingView | None = None, compact: bool = False
) -> Rendered:
    """Return a sampling step as HTML, and its caption.

    What differs from `before`, the step drawn last, moves. The compact form has one key
    figure, the perplexity.
    """
    if before is not None and before.vocab_size != view.vocab_size:
        before = None
    html = join(
        tag("h3", question(view), css_class="q"),
        strip_html(view, before),
        text_html(view, before),
        bars_html(view, before),
        _figures_html(view, 1 if compact else 3),
    )
    return Rendered(html, sampling_caption(view))


def key_figures(view: SamplingView) -> list[tuple[str, str, str]]:
    """Return (name, figure, what it counts) for each number that stands beside the bars."""
    is_rank = view.unit == "rank"
    pick = "" if is_rank else ranked(view.picked_rank)
    return [
        ("perplexity", effective_choices(view), f"equally probable {view.unit}s"),
        ("kept", f"{view.num_kept:,}", f"of {view.vocab_size:,}"),
        ("picked", visible(view.labels[view.picked_token]), pick),
    ]


def effective_choices(view: SamplingView) -> str:
    """Format e to the entropy: the number of equally probable choices with the same entropy."""
    perplexity = exp(view.entropy)
    return f"{perplexity:,.2f}" if perplexity < 9.995 else f"{perplexity:,.1f}"


def _figures_html(view: SamplingView, count: int) -> Markup:
    figures = []
    for name, number, unit in key_figures(view)[:count]:
        size = "fig long" if len(number) > MAX_FIGURE_LENGTH else "fig"
        is_short = name == "kept" and len(number + unit) <= MAX_LINE_LENGTH
        parts = ((name, "lab"), (number, size), (unit, "lab"))
        spans = [tag("span", text, css_class=css_class) for text, css_class in parts]
        css_class = f"figure {name}" + " in-one-line" * is_short
        figures.append(tag("div", *spans, css_class=css_class))
    return tag("div", *figures, css_class="figures")

"""The picture of a sampling step, 720 pixels wide: heading, bars, cumulative bar, text so far."""

from math import exp

from microgpt.viz.drawing import Drawing, Text
from microgpt.viz.formatting import format_odds, visible
from microgpt.viz.sampler.bars import RIGHT, draw_bars
from microgpt.viz.sampler.caption import DEFAULT_ROWS, sampling_caption
from microgpt.viz.sampler.cumulative_bar import draw_cumulative_bars
from microgpt.viz.sampler.view import SamplingView

WIDTH, HEIGHT = 720, 424
CONTROLS_WIDTH = 205  # pixels that controls cover on the left of a wide enough panel
MAX_PATH_LENGTH = 23  # characters


def draw_sampling(
    view: SamplingView, message: str = "", id_prefix: str = "mg", rows: int = DEFAULT_ROWS
) -> tuple[Drawing, str]:
    """Draw a sampling step with `rows` bars; return the drawing and its caption.

    `message`, if given, replaces the caption.
    """
    caption = message or sampling_caption(view, rows)
    drawing = Drawing(WIDTH, HEIGHT - 15 * (DEFAULT_ROWS - rows), caption, id_prefix)
    drawing.begin_group("shifted", CONTROLS_WIDTH)
    # The compact picture (fewer rows) leaves out the number of kept tokens: it may show no filters.
    num_kept = f"{view.num_kept:,} of {view.vocab_size:,} kept · " if rows == DEFAULT_ROWS else ""
    summary = f"{num_kept}feels like {effective_choices(view)}"
    drawing.add(
        Text(0, 14, heading(view), bold=True),
        Text(RIGHT, 14, summary, anchor="end", css_class="num-kept"),
    )
    bottom = draw_bars(drawing, view, 22, rows)
    drawing.begin_group("fluid")
    bottom = draw_cumulative_bars(drawing, view, bottom + 8)
    _draw_text_so_far(drawing, view, bottom + 21)
    return drawing, caption


def effective_choices(view: SamplingView) -> str:
    """Format e to the entropy: the number of equally likely choices with the same entropy."""
    perplexity = exp(view.entropy)
    return f"{perplexity:,.2f}" if perplexity < 10 else f"{perplexity:,.1f}"


def heading(view: SamplingView) -> str:
    """Return the heading, which says after which text the token comes: 'next letter after "an"'."""
    if not view.context:
        return f"first {view.unit}" if view.has_bos else f"next {view.unit}"
    last = view.context[-10:]
    text = "".join(map(visible, last))
    ellipsis = "…" if len(view.context) > len(last) else ""
    return f'next {view.unit} after "{ellipsis}{text}"'


def _draw_text_so_far(drawing: Drawing, view: SamplingView, y: float) -> None:
    pieces = [*map(visible, view.text)]
    if view.reached_eos:
        last = " → end"
    elif view.is_finished:
        last = f" ({view.num_new_tokens} {view.unit}s)"
    else:
        last = f" → [{visible(view.labels[view.picked_token])}]"
    path = " · ".join(["start", *pieces])
    if len(path + last) > MAX_PATH_LENGTH:
        path = "start · " + "".join(pieces)
    excess = len(path + last) - MAX_PATH_LENGTH
    path = f"…{path[excess + 1 :]}" if excess > 0 else path
    drawing.add(Text(0, y, path + last, bold=True, css_class="path"))
    if view.nll is not None:
        drawing.add(Text(255, y, f"so far: {format_odds(view.nll)}", css_class="odds"))
    if view.memorization is not None:
        label = view.memorization or "(its mark comes at its end)"
        if view.is_finished and not view.memorization:
            label = "(empty)" if view.reached_eos else "(no mark: it has not ended)"
        drawing.add(
            Text(
                drawing.width - 2, y, label, "end", bold=bool(view.memorization),
                css_class="memorization",
            )
        )  # fmt: skip

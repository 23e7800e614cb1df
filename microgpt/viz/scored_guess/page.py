"""The HTML of a scored round: question, name, and the running mean of each player."""

from math import ceil, log

from microgpt.plain_text import pluralize
from microgpt.viz.formatting import format_permille
from microgpt.viz.guess_game.page import grid_sizes, name_row
from microgpt.viz.html import Markup, Rendered, join, percent, tag
from microgpt.viz.scored_guess.board import scored_keys
from microgpt.viz.scored_guess.caption import scored_caption
from microgpt.viz.scored_guess.scored_round import NO_MEAN, PLAYERS, QUESTION, ScoredRound
from microgpt.viz.table import html_table


def render_scored_round(
    scored_round: ScoredRound, view_id: str, before: ScoredRound | None = None
) -> Rendered:
    """Return the round without its keys as HTML, and its caption.

    Once the guess is fixed, the HTML hides the buttons of the view with the class `view_id`.
    With `before`, the round drawn last, the bars of the means glide from where they were.
    """
    card = f".{view_id} .mg-scored"
    rules = f"{card}{{{grid_sizes(scored_keys(scored_round))}}}"
    if scored_round.reveal is not None:
        rules += f"{card} .mg-keys{{display:none!important}}"
    parts = [
        tag("h3", QUESTION, css_class="q"),
        tag("p", round_label(scored_round), css_class="lab round"),
        name_row(scored_round.name_tiles()),
        _means(scored_round, before),
        tag("style", Markup(rules)),
    ]
    return Rendered(join(*parts), scored_caption(scored_round))


def round_label(scored_round: ScoredRound) -> str:
    """Return "round 3 of 10"."""
    return f"round {scored_round.number} of {scored_round.num_rounds}"


def means_label(scored_round: ScoredRound) -> str:
    """Return the heading of the means."""
    count = len(scored_round.nats)
    over = f" over {pluralize(count, 'letter')}" if count else ""
    return f"Mean negative log-likelihood{over}, in nats (lower is better)"


def means_axis_end(scored_round: ScoredRound) -> float:
    """Return the whole number of nats at which the bars of the means end."""
    means = scored_round.means()
    largest = log(len(scored_round.labels)) if means is None else float(means.max())
    return max(1, ceil(largest))


def scored_tables(scored_round: ScoredRound) -> str:
    """Return the probabilities of this round, and the scores of the answered ones, as HTML."""
    probs = html_table(
        ("letter", "you", "pairs"),
        [
            (label, format_permille(yours), "" if pairs is None else format_permille(pairs))
            for label, yours, pairs in scored_round.shares()
        ],
        "probabilities in this round",
    )
    if not len(scored_round.nats):
        return probs
    rows = [(i + 1, *map("{:.4f}".format, row)) for i, row in enumerate(scored_round.nats)]
    means = ("mean", *map("{:.4f}".format, scored_round.nats.mean(axis=0)))
    return probs + html_table(
        ("round", *PLAYERS), [*rows, means], "negative log-likelihood in nats"
    )


def _means(scored_round: ScoredRound, before: ScoredRound | None) -> Markup:
    means, end = scored_round.means(), means_axis_end(scored_round)
    old_means = None if before is None else before.means()
    rows, heard = [], []
    for index, player in enumerate(PLAYERS):
        value = NO_MEAN if means is None else f"{means[index]:.2f}"
        heard.append(f"{player} {value}")
        bar: str = ""
        if means is not None:
            style, glides = f"width:{percent(means[index] / end)}", ""
            if before is not None:
                old = 0.0 if old_means is None else float(old_means[index]) / means_axis_end(before)
                style += f";--l0:0;--w0:{percent(old)}"
                glides = "gl"
            bar = tag("i", css_class=f"mean {glides}", style=style)
        rows.append(
            tag(
                "div",
                tag("span", tag("i"), player, css_class="who"),
                tag("span", bar, css_class="track"),
                tag("b", value),
                css_class=f"row-{player.split()[0]}",
            )
        )
    label = means_label(scored_round)
    bars = tag(
        "div", *rows, css_class="rows", role="img", aria_label=f"{label}: {', '.join(heard)}"
    )
    return tag("div", tag("p", label, css_class="lab"), bars, css_class="means")

"""The keys with your probabilities as bars; after the guess, the pairs' as outlines."""

from dataclasses import replace

from microgpt.viz.formatting import format_permille, visible
from microgpt.viz.guess_game.keys import (
    MAX_LABEL,
    Key,
    KeyGrid,
    arrange,
    rounded_percent,
    token_span,
)
from microgpt.viz.guess_game.page import key_tile
from microgpt.viz.html import Markup, tag
from microgpt.viz.scored_guess.scored_round import ScoredRound

# Ends of the axis of probabilities. A few are enough: with every round number, a bar would shrink
# again and again while its slider moves up.
AXIS_ENDS = (0.2, 0.5, 1.0)
LONG_KEYBOARD = 40  # keys; more of them scroll within themselves


def scored_keys(scored_round: ScoredRound, before: ScoredRound | None = None) -> KeyGrid:
    """Return a key for each letter, with its bar, which grows from that of the round `before`."""
    bars = _bars(scored_round)
    old_bars = [0.0] * len(bars) if before is None else _bars(before)
    reveal, labels = scored_round.reveal, scored_round.labels
    end = _axis_end(scored_round)
    keys = []
    for token, label in enumerate(visible(label, MAX_LABEL) for label in labels):
        is_chosen = token in scored_round.chosen
        is_true = reveal is not None and token == reveal.target
        number = rounded_percent(float(scored_round.probs[token])) if is_chosen or is_true else ""
        keys.append(
            Key(
                token, label, token_span(label), bars[token], number,
                owner="true" if is_true else "",
                is_yours=is_chosen, is_true=is_true, before=old_bars[token],
                outline=None if reveal is None else float(reveal.pairs[token]) / end,
            )
        )  # fmt: skip
    return arrange(keys)


def _axis_end(scored_round: ScoredRound) -> float:
    largest = float(scored_round.probs.max())
    if scored_round.reveal is not None:
        largest = max(largest, float(scored_round.reveal.pairs.max()))
    return next(end for end in AXIS_ENDS if largest <= end)


def _bars(scored_round: ScoredRound) -> list[float]:
    return (scored_round.probs / _axis_end(scored_round)).tolist()


def render_board(scored_round: ScoredRound, before: ScoredRound | None = None) -> Markup:
    """Return the keys as HTML; until the guess is fixed, buttons lie over their tiles.

    With `before`, the round drawn last, the bars grow from where they were.
    """
    keys, is_asked = scored_keys(scored_round, before).keys, scored_round.reveal is None
    if is_asked:
        keys = tuple(replace(key, label="") for key in keys)  # the buttons have it
    heard = []
    for share in scored_round.shares():
        theirs = "" if share.pairs is None else f" (pairs {format_permille(share.pairs)})"
        heard.append(f"{share.label} {format_permille(share.yours)}{theirs}")
    return tag(
        "div",
        *(key_tile(key, before is not None) for key in keys),
        css_class="board asked" if is_asked else "board",
        role="img",
        aria_label=f"your probabilities: {', '.join(heard)}",
        tabindex="0" if not is_asked and len(keys) > LONG_KEYBOARD else None,
    )

"""The picture of a guessing round: the start of a name, the guess, the model's probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from microgpt.viz.drawing import Drawing, Line, Rect, Text
from microgpt.viz.formatting import format_prob, ordinal_choice, quoted, quoted_text, visible
from microgpt.viz.table import html_table

WIDTH, HEIGHT = 720, 250
BASELINE, MAX_BAR_HEIGHT, MARGIN = 200, 130, 16
MAX_BARS = 30


@dataclass(frozen=True, eq=False)
class GuessRound:
    """One round: a `prefix` of `name`, the `target` token that follows it, and the user's `guess`.

    `probs` (V,) are the model's probabilities; `ranked_ids` (V,) are the tokens from most to least
    likely. `guess`, `probs` and `ranked_ids` are `None` before the guess. `scores` (user's,
    model's) are set once the last round is answered.
    """

    number: int
    num_rounds: int
    name: str
    prefix: str
    target: int
    labels: Sequence[str]
    unit: str = "letter"
    guess: int | None = None
    probs: np.ndarray | None = None
    ranked_ids: np.ndarray | None = None
    scores: tuple[int, int] | None = None


def draw_guess_round(game_round: GuessRound, message: str = "") -> tuple[Drawing, str]:
    """Draw the prefix and, after the guess, the likely tokens; `message` replaces the caption."""
    drawing = Drawing(WIDTH, HEIGHT)
    drawing.begin_group("fluid")
    prefix = visible(game_round.prefix, 16)
    drawing.add(
        Text(0, 16, f"round {game_round.number} of {game_round.num_rounds}", bold=True),
        Text(150, 16, f"which {game_round.unit} comes next?   {prefix}_", bold=True),
    )
    if game_round.guess is None:
        drawing.add(
            Text(150, 110, f"Choose a {game_round.unit}. Its chances stand here after your guess.")
        )
    else:
        _draw_probs(drawing, game_round)
    drawing.caption = message or _caption(game_round)
    return drawing, drawing.caption


def guess_table(game_round: GuessRound) -> str:
    """Return all probabilities by rank, with six decimals, as HTML; a sentence before the guess."""
    if game_round.probs is None or game_round.ranked_ids is None:
        return "<p>The chances stand here after your guess.</p>"
    rows = [
        (visible(game_round.labels[token]), rank + 1, f"{game_round.probs[token]:.6f}")
        for rank, token in enumerate(game_round.ranked_ids.tolist())
    ]
    return html_table((game_round.unit, "rank", "chance"), rows)


def _caption(game_round: GuessRound) -> str:
    guess, target, labels = game_round.guess, game_round.target, game_round.labels
    if guess is None or game_round.probs is None or game_round.ranked_ids is None:
        return (
            f'A name begins with "{game_round.prefix}". Choose the {game_round.unit} that you '
            "think comes next."
        )
    ranks = {int(token): rank for rank, token in enumerate(game_round.ranked_ids)}
    sentences = [
        f"You said {quoted(labels[guess])}: the model gives it "
        f"{format_prob(game_round.probs[guess])}, {ordinal_choice(ranks[guess])}."
    ]
    if guess == target:
        sentences.append(f"That is the {game_round.unit} that follows.")
    else:
        sentences.append(
            f"The name goes on with {quoted(labels[target])}, {ordinal_choice(ranks[target])} "
            f"({format_prob(game_round.probs[target])})."
        )
    sentences.append(f"It is {quoted_text(game_round.name)}.")
    if game_round.scores is not None:
        user_score, model_score = game_round.scores
        sentences.append(
            f"You were right in {user_score} of {game_round.num_rounds} rounds; its first choice "
            f"was right in {model_score}."
        )
    return " ".join(sentences)


def _draw_probs(drawing: Drawing, game_round: GuessRound) -> None:
    """Draw bars for the guess, the target and the most likely tokens, in order of token id."""
    guess, target, probs = game_round.guess, game_round.target, game_round.probs
    assert guess is not None
    assert probs is not None
    assert game_round.ranked_ids is not None
    always_shown = {guess, target}
    others = [int(token) for token in game_round.ranked_ids if token not in always_shown]
    tokens = sorted({*always_shown, *others[: MAX_BARS - len(always_shown)]})
    column_width = (WIDTH - 2 * MARGIN) / len(tokens)
    max_prob = max(float(probs[token]) for token in tokens)
    drawing.add(Line(0, BASELINE, WIDTH, BASELINE, "line"))
    for i, token in enumerate(tokens):
        prob = float(probs[token])
        x, height = MARGIN + i * column_width, MAX_BAR_HEIGHT * prob / max_prob
        centre = x + column_width / 2
        fill = "orange" if token == guess else "blue"
        is_marked = token in always_shown
        drawing.add(
            Rect(x + 3, BASELINE - height, column_width - 6, height, fill, css_class="prob"),
            Text(centre, BASELINE + 16, visible(game_round.labels[token], 3), "middle", is_marked),
        )
        if is_marked or prob == max_prob:
            percent = f"{100 * prob:.0f} %"
            drawing.add(Text(centre, BASELINE - height - 5, percent, "middle"))
        if is_marked:
            owner = "both" if guess == target else "you" if token == guess else "name"
            drawing.add(Text(centre, BASELINE + 30, "▲", "middle", bold=True))
            drawing.add(Text(centre, BASELINE + 46, owner, "middle", bold=True))

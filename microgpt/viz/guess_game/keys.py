"""The keyboard of the guessing game: a tile for each token, under its bar after the guess."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from microgpt.viz.axis import percent_axis
from microgpt.viz.formatting import label_length, visible
from microgpt.viz.guess_game.game_round import GuessRound

MAX_KEYS = 60  # with a larger vocabulary, the user chooses from a list
MAX_COLUMNS = 30
# Columns of tokens with bars if there are too many for a keyboard: a row of a wide card, two or
# three of a narrow one.
RANKED_COLUMNS = 20
MAX_LABEL = 6  # characters
NUMBER_SHARE = 0.25  # of the room above a tile, which a number needs


@dataclass(frozen=True)
class Key:
    """A token's tile, `span` columns wide, and its bar, as a share of the room above the tile.

    `number`, in per cent, stands above the bars that matter. `owner`, below the tile, is "you" for
    the guess, "true" for the token that follows, and "you ✓" for both at once. `before` is the
    share of the bar drawn last, from which this one grows. `outline` is the share of another
    model's bar, drawn as its outline.
    """

    token: int
    label: str
    span: int
    share: float | None = None
    number: str = ""
    owner: str = ""
    is_favourite: bool = False
    is_yours: bool = False
    is_true: bool = False
    before: float = 0.0
    outline: float | None = None

    @property
    def number_share(self) -> float:
        """Where the number stands: on the bar, or on the outline if that would cross the number."""
        share, outline = self.share or 0.0, self.outline or 0.0
        return outline if share < outline < share + NUMBER_SHARE else share


@dataclass(frozen=True)
class KeyGrid:
    """The keys, in rows of `columns` columns in a wide card."""

    keys: tuple[Key, ...]
    columns: int

    @property
    def num_rows(self) -> int:
        """The number of rows."""
        return len(self.rows())

    def rows(self) -> list[list[Key]]:
        """Return the keys by row, as a grid of `columns` columns places them."""
        rows: list[list[Key]] = []
        used = self.columns
        for key in self.keys:
            if used + key.span > self.columns:
                rows.append([])
                used = 0
            rows[-1].append(key)
            used += key.span
        return rows


def token_span(label: str) -> int:
    """Return how many columns the tile of a label needs."""
    length = label_length(label)
    return 1 if length <= 2 else 2 if length <= 5 else 3


def key_grid(game_round: GuessRound) -> KeyGrid:
    """Return the keys of a round: all tokens in the order of their ids, if they fit a keyboard.

    Of a larger vocabulary there are none before the guess; after it, the most probable tokens, the
    guess and the target, from most to least probable.
    """
    answer = game_round.answer()
    vocab_size = len(game_round.labels)
    if vocab_size <= MAX_KEYS:
        tokens = list(range(vocab_size))
    elif answer is None:
        tokens = []
    else:
        tokens = _ranked_tokens(game_round, answer[0], answer[2])
    return arrange([_key(game_round, token) for token in tokens])


def arrange(keys: Sequence[Key]) -> KeyGrid:
    """Return the keys in rows of about the same length."""
    num_columns = sum(key.span for key in keys)
    num_rows = max(1, ceil(num_columns / MAX_COLUMNS))
    columns = ceil(num_columns / num_rows)
    if num_rows > 1:
        columns += 1  # a wide tile at the end of a row may leave a column empty
    return KeyGrid(tuple(keys), max(columns, 1))


def _ranked_tokens(game_round: GuessRound, guess: int, ranked_ids: np.ndarray) -> list[int]:
    """Return the guess, the target, and the most probable tokens that fit beside them, by rank."""
    spans = {
        int(token): token_span(visible(game_round.labels[token], MAX_LABEL)) for token in ranked_ids
    }
    shown = {guess, game_round.target}
    columns = sum(spans[token] for token in shown)
    for token, span in spans.items():
        if token not in shown:
            columns += span
            if columns > RANKED_COLUMNS:
                break
            shown.add(token)
    return [token for token in spans if token in shown]


def _key(game_round: GuessRound, token: int) -> Key:
    label = visible(game_round.labels[token], MAX_LABEL)
    answer = game_round.answer()
    if answer is None:
        return Key(token, label, token_span(label))
    guess, probs, ranked_ids = answer
    favourite = int(ranked_ids[0])
    prob = float(probs[token])
    axis_end, _ = percent_axis(float(probs[favourite]))
    owner = {guess: "you", game_round.target: "true"}.get(token, "")
    if token == guess == game_round.target:
        owner = "you ✓"
    is_favourite = token == favourite
    number = rounded_percent(prob) if owner or is_favourite else ""
    return Key(
        token, label, token_span(label), prob / axis_end, number, owner, is_favourite,
        is_yours=token == guess, is_true=token == game_round.target,
    )  # fmt: skip


def rounded_percent(prob: float) -> str:
    """Format a probability as a whole number of per cent, and as "<1" below half of one."""
    return "<1" if prob < 0.005 else f"{100 * prob:.0f}"

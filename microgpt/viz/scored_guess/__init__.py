"""A round of the scored guessing game: probabilities on the keys, and running means in nats.

All of them take a `ScoredRound`, plain data that `ScoredGame.view` in `microgpt.widgets` makes.
"""

from microgpt.viz.scored_guess.board import render_board, scored_keys
from microgpt.viz.scored_guess.caption import scored_caption
from microgpt.viz.scored_guess.page import render_scored_round, scored_tables
from microgpt.viz.scored_guess.scored_round import PLAYERS, Reveal, ScoredRound
from microgpt.viz.scored_guess.still import draw_scored_round

__all__ = [
    "PLAYERS",
    "Reveal",
    "ScoredRound",
    "draw_scored_round",
    "render_board",
    "render_scored_round",
    "scored_caption",
    "scored_keys",
    "scored_tables",
]

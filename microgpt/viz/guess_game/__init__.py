"""A round of the guessing game: HTML with a keyboard of tokens, caption, table, still picture.

All of them take a `GuessRound`, plain data that `GuessGame.view` in `microgpt.widgets` makes.
"""

from microgpt.viz.guess_game.caption import guess_caption
from microgpt.viz.guess_game.game_round import GuessRound
from microgpt.viz.guess_game.keys import MAX_KEYS, KeyGrid, key_grid, token_span
from microgpt.viz.guess_game.page import guess_table, render_guess_round
from microgpt.viz.guess_game.still import draw_guess_round

__all__ = [
    "MAX_KEYS",
    "GuessRound",
    "KeyGrid",
    "draw_guess_round",
    "guess_caption",
    "guess_table",
    "key_grid",
    "render_guess_round",
    "token_span",
]

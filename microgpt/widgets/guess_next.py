"""`GuessNext`: three rounds of guessing the next letter, before the model shows its chances."""

from dataclasses import replace
from typing import Any

import ipywidgets
import numpy as np

from microgpt.data import Corpus, load_corpus
from microgpt.errors import SettingError
from microgpt.models.gpt import GPT
from microgpt.sampling import ModelOrigin
from microgpt.viz.formatting import visible
from microgpt.viz.guess_game import Game, chances_table, draw_game
from microgpt.widgets.controls import button
from microgpt.widgets.panel import Panel
from microgpt.widgets.source_lookup import origin_of

SHOWN, ROUNDS = 4, 3  # letters of a name that are shown


class GuessNext(Panel):
    """Three names with the next letter hidden: choose one, then see the chance of every letter.

    `model` is "names" (with names it was never trained on) or a GPT with its `corpus`, of which
    the held-out lines are asked for; `seed` draws the three.
    """

    def __init__(self, model: str | GPT = "names", corpus: Corpus | None = None, *, seed: int = 0):
        origin = origin_of(model, corpus)
        if not isinstance(origin, ModelOrigin) or origin.stop is None:
            raise SettingError(f"this game needs a model of names; {origin.name!r} has none")
        if corpus is None:
            if not isinstance(model, str):
                raise SettingError("a game on your own model needs its corpus: (model, corpus)")
            corpus = load_corpus("names-mini")
        self.corpus, self.seed = corpus, seed
        game = _dealt(origin, corpus, seed)
        self.letter = ipywidgets.Dropdown(
            options=_options(origin), description="Your guess",
            layout={"width": "170px"}, style={"description_width": "75px"},
        )  # fmt: skip
        self.guess = button("Guess", lambda: self.change(self._guessed))
        self.following = button("Next round", lambda: self.change(_next))
        self.again = button("Play again", lambda: self.change(self._restart))
        super().__init__(
            game, draw_game, header=[self.letter, self.guess, self.following, self.again],
            height=330, numbers=chances_table,
        )  # fmt: skip

    def _guessed(self, game: Game) -> Game:
        if game.answered:
            return game
        return replace(game, guesses=(*game.guesses, self.letter.value))

    def change(self, function: Any, *arguments: Any, **named: Any) -> None:
        super().change(function, *arguments, **named)
        self.keep()

    def refresh(self) -> None:
        game = self.state
        self.guess.disabled = self.letter.disabled = game.answered
        self.following.disabled = not game.answered or game.shown + 1 >= len(game.rounds)
        self.again.disabled = not game.guesses
        self.fill()

    def _restart(self, game: Game) -> Game:
        self.seed += 1  # other names than before
        return _dealt(game.origin, self.corpus, self.seed)


def _next(game: Game) -> Game:
    last = len(game.rounds) - 1
    return replace(game, shown=min(game.shown + 1, last)) if game.answered else game


def _options(origin: ModelOrigin) -> list[tuple[str, Any]]:
    return [(visible(origin.label(token)), token) for token in range(origin.vocab_size)]


def _dealt(origin: ModelOrigin, corpus: Corpus, seed: int) -> Game:
    """A game on held-out names, drawn by the seed: their beginnings, each with its next letter."""
    held_out = corpus.split()[1].documents
    asked = []
    for name in held_out:
        tokens = origin.tokenizer.encode(name, eos=True)
        shown = min(SHOWN, len(tokens) - 1)
        if len(tokens) - 1 >= SHOWN and shown + 1 <= origin.block_size:
            asked.append((name, (name[:shown], tokens[shown])))
    if not asked:
        raise SettingError(f"the corpus {corpus.name!r} holds out no name of {SHOWN} letters")
    drawn = np.random.default_rng(seed).permutation(len(asked))[:ROUNDS]
    names, rounds = zip(*(asked[place] for place in drawn), strict=True)
    return Game(origin, rounds, names)

"""`GuessNext`: three rounds of guessing the next letter, before the model shows its own guess."""

from typing import Any

import ipywidgets

from microgpt.data import Corpus, load_corpus
from microgpt.errors import Described, SettingError
from microgpt.tokenizers import Tokenizer
from microgpt.training import Trainer
from microgpt.viz.drawing import Drawing
from microgpt.viz.formatting import visible
from microgpt.viz.guess_game import draw_guess_round, guess_table
from microgpt.widgets.controls import button
from microgpt.widgets.guess_game import GuessGame, deal_game
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.model_lookup import ModelLike, find_source
from microgpt.widgets.panel import Panel

MAX_CHOICES = 2000


class GuessNext(Panel):
    """A game of three rounds: guess the next token of a name, then see the model's probabilities.

    `model` is "names", a Trainer, or a GPT with its `corpus` of names (and its `tokenizer`, unless
    it was trained or loaded here). The names come from the validation split of the corpus, on which
    "names" was never trained; `seed` selects them.
    """

    def __init__(
        self,
        model: ModelLike = "names",
        corpus: Corpus | None = None,
        *,
        seed: int = 0,
        tokenizer: Tokenizer | None = None,
    ):
        if corpus is None and isinstance(model, Trainer) and isinstance(model.corpus, Corpus):
            corpus = model.corpus
        if corpus is None and not isinstance(model, str):
            raise SettingError("corpus", "given with a model of your own", corpus)
        source = find_source(model, corpus, tokenizer=tokenizer)
        if not isinstance(source, ModelLogits) or source.eos_token_id is None:
            raise SettingError("model", "a model of names", Described(f"{source.name!r}"))
        if source.vocab_size > MAX_CHOICES:
            raise SettingError(
                "model",
                f"one with at most {MAX_CHOICES:,} tokens, as many as one can choose from",
                Described(f"{source.vocab_size:,} tokens"),
            )
        self.corpus = load_corpus("names-mini") if corpus is None else corpus
        if self.corpus.format != "lines":
            raise SettingError("corpus", "one of names, a line each", self.corpus)
        self.seed = seed
        game = deal_game(source, self.corpus, seed)
        self.token_select = ipywidgets.Dropdown(
            options=[(visible(label), token) for token, label in enumerate(source.labels)],
            description="Your guess", layout={"width": "170px"},
            style={"description_width": "75px"},
        )  # fmt: skip
        self.guess_button = button("Guess", self._on_guess)
        self.next_button = button("Next round", lambda: self.update(GuessGame.next_round))
        self.restart_button = button("Play again", lambda: self.update(self._restarted))
        super().__init__(
            game,
            self._draw,
            header=[self.token_select, self.guess_button, self.next_button, self.restart_button],
            height=330,
            numbers_table=lambda game: guess_table(game.view()),
        )

    def _on_guess(self) -> None:
        self.update(GuessGame.with_guess, self.token_select.value)

    def _restarted(self, game: GuessGame) -> GuessGame:
        self.seed += 1  # different names from before
        return deal_game(game.source, self.corpus, self.seed)

    def update(self, function: Any, *args: Any, **kwargs: Any) -> None:
        super().update(function, *args, **kwargs)
        self.update_static_output()

    @staticmethod
    def _draw(game: GuessGame, message: str) -> tuple[Drawing, str]:
        return draw_guess_round(game.view(), message)

    def sync_controls(self) -> None:
        game = self.state
        self.guess_button.disabled = self.token_select.disabled = game.is_answered
        self.next_button.disabled = not game.is_answered or game.is_last_round
        self.restart_button.disabled = not game.guesses
        self.fill_open_sections()

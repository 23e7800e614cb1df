"""`GuessNext`: three rounds of guessing the next letter, before the model shows its own guess."""

import ipywidgets

from microgpt.data import Corpus, load_corpus
from microgpt.errors import Described, SettingError
from microgpt.tokenizers import Tokenizer
from microgpt.training import Trainer
from microgpt.viz.formatting import visible
from microgpt.viz.guess_game import (
    MAX_KEYS,
    draw_guess_round,
    guess_table,
    render_guess_round,
    token_span,
)
from microgpt.viz.html import Rendered
from microgpt.widgets.controls import box, button
from microgpt.widgets.game_panel import GamePanel, check_lines
from microgpt.widgets.guess_game import GuessGame, deal_game
from microgpt.widgets.logits_source import TextLogits
from microgpt.widgets.model_lookup import ModelLike, find_source

MAX_CHOICES = 2000
NO_TOKEN = -1  # in the list, which shows nothing for None


class GuessNext(GamePanel):
    """A game of three rounds: guess the next token of a name, then see the model's probabilities.

    `model` is "names", a Trainer, or a GPT with its `corpus` of names (and its `tokenizer`, unless
    it was trained or loaded here). The names come from the validation split of the corpus, on which
    "names" was never trained; `seed` selects them. Each token of the vocabulary is a button; above
    60 tokens there is a list of them, up to 2,000.
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
        if not isinstance(source, TextLogits) or source.eos_token_id is None:
            raise SettingError("model", "a model of names", Described(f"{source.name!r}"))
        if source.vocab_size > MAX_CHOICES:
            raise SettingError(
                "model",
                f"one with at most {MAX_CHOICES:,} tokens, as many as one can choose from",
                Described(f"{source.vocab_size:,} tokens"),
            )
        self.corpus = load_corpus("names-mini") if corpus is None else corpus
        check_lines(self.corpus)
        game = deal_game(source, self.corpus, seed)
        self.keys: list[ipywidgets.Button] = []
        self.token_select: ipywidgets.Dropdown | None = None
        self.guess_button = button("Guess", self._on_guess, look="primary")
        self.next_button = button("Next round", self._on_next, look="primary")
        choice = (
            self._make_keys(source) if source.vocab_size <= MAX_KEYS else self._make_list(source)
        )
        super().__init__(
            game,
            self._render,
            lambda game: draw_guess_round(game.view()),
            css_class="guess",
            controls=[choice, box("mg-act", [self.next_button])],
            numbers_table=lambda game: guess_table(game.view()),
            arguments=(model if isinstance(model, str) else None, self.corpus.name, seed),
        )

    def _make_keys(self, source: TextLogits) -> ipywidgets.Box:
        for token, label in enumerate(map(visible, source.labels)):
            key = button(label, lambda token=token: self.guess(token), f"guess {label}", "keycap")  # type: ignore[misc]
            key.add_class(f"mg-span{token_span(label)}")
            self.keys.append(key)
        return box("mg-keys", self.keys)

    def _make_list(self, source: TextLogits) -> ipywidgets.Box:
        """Make a list that can be searched by typing, and is one widget where keys were 2,000."""
        options = [(visible(label), token) for token, label in enumerate(source.labels)]
        self.token_select = ipywidgets.Dropdown(
            options=[(f"choose a {source.unit}", NO_TOKEN), *options], value=NO_TOKEN,
            description="Your guess",
        )  # fmt: skip
        return box("mg-choice mg-row", [self.token_select, self.guess_button])

    def take_over(self, earlier_state: GuessGame) -> GuessGame:
        """Return the game with the rounds played before the cell ran again, by today's model."""
        source = self.state.source
        return deal_game(source, self.corpus, earlier_state.seed).continue_from(earlier_state)

    def guess(self, token: int) -> None:
        """Guess a token in this round, unless it has a guess already."""
        self.change(GuessGame.with_guess, token)
        self.move_focus(self.next_button)

    def _on_guess(self) -> None:
        if self.token_select is not None and self.token_select.value != NO_TOKEN:
            self.guess(self.token_select.value)

    def _on_next(self) -> None:
        """Go to the next round, or begin a game with other names after the last."""
        self.change(lambda game: self._restarted(game) if game.is_last_round else game.next_round())
        self.move_focus(self.token_select or self.keys[0])

    def _restarted(self, game: GuessGame) -> GuessGame:
        return deal_game(game.source, self.corpus, game.seed + 1)

    def _render(self, game: GuessGame, before: GuessGame | None) -> Rendered:
        bars_grow = before is not None and game.is_answered and not before.is_answered
        return render_guess_round(game.view(), self.view_id, bars_grow)

    def sync_controls(self) -> None:
        """Name the button; a new round has nothing chosen."""
        game = self.state
        is_over = game.is_last_round and game.is_answered
        self.next_button.description = "Play again" if is_over else "Next round"
        if self.token_select is not None and not game.is_answered:
            self.token_select.value = NO_TOKEN
        self.fill_open_sections()

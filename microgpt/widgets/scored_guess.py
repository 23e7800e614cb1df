"""`ScoredGuess`: say how probable each next letter is, and be scored beside counted models."""

from typing import Any

import ipywidgets

from microgpt.data import Corpus, as_corpus
from microgpt.errors import Described, SettingError
from microgpt.viz.formatting import in_quotes, visible
from microgpt.viz.guess_game import token_span
from microgpt.viz.html import Rendered
from microgpt.viz.scored_guess import (
    draw_scored_round,
    render_board,
    render_scored_round,
    scored_tables,
)
from microgpt.viz.scored_guess.board import LONG_KEYBOARD
from microgpt.widgets.controls import LabeledSlider, box, button
from microgpt.widgets.game_panel import GamePanel, check_lines
from microgpt.widgets.held_out_letters import HeldOutLetters
from microgpt.widgets.scored_game import MAX_CONFIDENCE, MAX_SEED, ScoredGame, deal_scored_game
from microgpt.widgets.typed_text import read_typed_text

ROUNDS = (10, 30)


class ScoredGuess(GamePanel):
    """A game of `rounds` held-out letters: choose up to three and say how sure you are of them.

    The chosen letters share the probability that the slider says, all others the rest; the score is
    the negative log-likelihood of the letter that follows, in nats, beside three models: blind, and
    letters and pairs counted on the training part. `corpus` is a list of names, or the name of one;
    the same `seed` is the same game. In the box, letters are typed ("." is the end), and Enter
    shows the answer. Raises SettingError for a long text, and if fewer names are held out than
    there are rounds.
    """

    def __init__(self, corpus: Corpus | str = "names-mini", rounds: int = 10, seed: int = 0):
        corpus = as_corpus(corpus)
        if not isinstance(corpus, Corpus):
            raise SettingError("corpus", "a Corpus or the name of one", type(corpus))
        check_lines(corpus)
        letters = HeldOutLetters(corpus)
        game = deal_scored_game(letters, seed, rounds)
        self._board_html = ""
        self._make_controls(letters, rounds)
        super().__init__(
            game,
            self._render,
            lambda game: draw_scored_round(game.view()),
            css_class="guess scored",
            controls=self._lay_out(letters),
            numbers_table=lambda game: scored_tables(game.view()),
            arguments=(corpus, rounds, seed),
        )

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self, letters: HeldOutLetters, rounds: int) -> None:
        self.keys: list[ipywidgets.Button] = []
        for token, label in enumerate(map(visible, letters.labels)):
            key = button(label, lambda token=token: self.toggle(token), f"choose {label}", "keycap")  # type: ignore[misc]
            key.add_class(f"mg-span{token_span(label)}")
            self.keys.append(key)
        self.board = ipywidgets.HTML()
        self.end_sign = "" if "." in letters.labels else "."
        self.letters_box = ipywidgets.Text(description="Your letters", placeholder="up to three")
        self.observe(self.letters_box, self._on_letters)
        self.letters_box.on_msg(self._on_letters_message)
        self.confidence_slider = LabeledSlider(
            lambda number, maximum: "How sure? (%)", 0, MAX_CONFIDENCE, 1,
            lambda number, maximum: self._on_confidence(number),
        )  # fmt: skip
        self.show_button = button("Show me", self.show, "fix the guess, show the letter", "primary")
        self.next_button = button("Next", self._on_next, look="primary")
        self.back_button = button("Back", self._on_back, "look at the round before")
        self.seed_box = ipywidgets.BoundedIntText(value=0, min=0, max=MAX_SEED, description="Seed")
        options = sorted({n for n in ROUNDS if n <= len(letters.names)} | {rounds})
        self.rounds_select = ipywidgets.Dropdown(options=options, description="Rounds")
        self.observe(self.seed_box, self._on_seed)
        self.observe(self.rounds_select, self._on_rounds)

    def _lay_out(self, letters: HeldOutLetters) -> list[ipywidgets.Widget]:
        is_long = len(letters.labels) > LONG_KEYBOARD
        keyboard = "mg-keyboard mg-long" if is_long else "mg-keyboard"
        return [
            box(keyboard, [self.board, box("mg-keys mg-several", self.keys)]),
            box("mg-set", [self.letters_box, self.confidence_slider.widget]),
            box("mg-act mg-row", [self.back_button, self.show_button, self.next_button]),
            box("mg-new mg-row", [self.seed_box, self.rounds_select]),
        ]

    # -- callbacks ------------------------------------------------------------------------------

    def toggle(self, token: int) -> None:
        """Choose a letter, or take it back."""
        self.change(ScoredGame.toggle, token)

    def show(self) -> None:
        """Fix the guess of this round and show the letter."""
        self.change(ScoredGame.answered)
        self.move_focus(self.next_button)

    def _on_letters(self, typed: str) -> None:
        self.change(lambda game: game.with_letters(self._tokens(game, typed)))

    def _on_letters_message(self, widget: Any, content: Any, buffers: Any) -> None:
        if isinstance(content, dict) and content.get("event") == "submit":
            self.show()

    def _on_confidence(self, number: float) -> None:
        self.on_move("confidence", ScoredGame.with_confidence, number)

    def _on_next(self) -> None:
        """Go to the next round, or begin a game with other names after the last."""
        self.change(lambda game: _restarted(game) if _is_at_end(game) else game.next_round())
        self.move_focus(self.next_button if self.state.is_answered else self.letters_box)

    def _on_back(self) -> None:
        self.change(ScoredGame.previous_round)
        self.move_focus(self.next_button)

    def _on_seed(self, seed: int) -> None:
        self.change(lambda game: deal_scored_game(game.letters, seed, game.num_rounds))

    def _on_rounds(self, rounds: int) -> None:
        self.change(lambda game: deal_scored_game(game.letters, game.seed, rounds))

    # -- what is typed --------------------------------------------------------------------------

    def _typed(self, game: ScoredGame) -> str:
        """Return the chosen letters as they are typed."""
        ids = game.letters.tokenizer
        return "".join(
            self.end_sign if token == ids.eos_token_id else ids.token_text(token)
            for token in game.guess.chosen
        )

    def _tokens(self, game: ScoredGame, typed: str) -> list[int]:
        """Return the letters typed, as token ids; raise SettingError for one that has no key."""
        ids = game.letters.tokenizer
        known = dict(ids.ids)
        if self.end_sign and ids.eos_token_id is not None:
            known[self.end_sign] = ids.eos_token_id
        read = read_typed_text(typed, known.__contains__)
        if read.unknown_chars:
            unknown = Described(in_quotes(visible(read.unknown_chars[0])))
            raise SettingError("each letter", "one of the keys", unknown)
        return [known[char] for char in read.text]

    # -- drawing --------------------------------------------------------------------------------

    def _render(self, game: ScoredGame, before: ScoredGame | None) -> Rendered:
        view = game.view()
        old_view = before.view() if before is not None and before.index == game.index else None
        board = render_board(view, old_view)
        self._board_html = f'<div class="mg {self.view_id}-view">{board}</div>'
        return render_scored_round(view, self.view_id, None if before is None else before.view())

    def sync_controls(self) -> None:
        """Show the state in the controls, and those that have a use in it."""
        game = self.state
        self.board.value = self._board_html
        for token, key in enumerate(self.keys):
            is_chosen = token in game.guess.chosen
            (key.add_class if is_chosen else key.remove_class)("mg-chosen")
        self.letters_box.value = self._typed(game)
        if not self.is_waiting("confidence"):
            self.confidence_slider.value = game.guess.confidence
        for widget in (self.letters_box, self.confidence_slider.slider, self.confidence_slider.box):
            widget.disabled = game.is_answered
        self.show_button.layout.display = "none" if game.is_answered else ""
        self.next_button.layout.display = "" if game.is_answered else "none"
        self.next_button.description = "New game" if _is_at_end(game) else "Next"
        self.back_button.disabled = game.index == 0
        self.rounds_select.value = game.num_rounds
        self.seed_box.value = game.seed
        self.fill_open_sections()


def _is_at_end(game: ScoredGame) -> bool:
    return game.is_over and game.index + 1 == game.num_rounds


def _restarted(game: ScoredGame) -> ScoredGame:
    return deal_scored_game(game.letters, (game.seed + 1) % (MAX_SEED + 1), game.num_rounds)

"""`Neighbourhood`: the embeddings of letters on a map while two small networks are trained."""

from functools import partial

import ipywidgets

from microgpt.backends import LOCK
from microgpt.data import Corpus, as_corpus
from microgpt.viz.html import Rendered
from microgpt.viz.neighbourhood import draw_map, map_table, render_map
from microgpt.viz.neighbourhood.caption import numbers_word
from microgpt.widgets.controls import LabeledSlider, box, button, mark_chosen
from microgpt.widgets.neighbourhood_state import TWO, NeighbourhoodState, start_state
from microgpt.widgets.panel import Panel

MAX_SEED = 9999


class Neighbourhood(Panel):
    """A live view of embeddings: each letter's row as a point, at up to 21 steps of training.

    Two networks of three letters and one hidden layer are trained on `corpus`, which takes about a
    second: one with two numbers for each letter, whose map is the table itself, and one with
    `n_embd`, whose map keeps two axes. Nearest letters are those of the largest cosines in all
    numbers; swaps of two rows are measured on held-out texts. Raises SettingError for settings out
    of range, or a corpus of more than 100 different letters.
    """

    def __init__(
        self,
        corpus: Corpus | str = "names-mini",
        n_embd: int = 10,
        steps: int = 1000,
        seed: int = 0,
    ):
        corpus = as_corpus(corpus)
        state = start_state(corpus, n_embd, steps, seed)
        self._make_controls(state)
        super().__init__(
            state,
            self._render,
            lambda state: draw_map(state.view),
            css_class="neighbourhood",
            controls=self._lay_out(),
            numbers_table=lambda state: map_table(state.view),
            arguments=(corpus, n_embd, steps, seed),
        )

    def _render(self, state: NeighbourhoodState, before: NeighbourhoodState | None) -> Rendered:
        return render_map(state.view, None if before is None else before.view)

    def take_over(self, earlier_state: NeighbourhoodState) -> NeighbourhoodState:
        """Continue the earlier state, with its seed in the box."""
        self.seed_box.value = earlier_state.seed
        return earlier_state

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self, state: NeighbourhoodState) -> None:
        self.tab_buttons = {
            n_embd: button(
                f"{numbers_word(n_embd).capitalize()} numbers per letter",
                partial(self.change, NeighbourhoodState.with_shown, n_embd), look="pill",
            )
            for n_embd in (TWO, state.n_embd)
        }  # fmt: skip
        self.slider = LabeledSlider(
            lambda index, maximum: "Snapshot",
            0, len(state.shown.steps) - 1, 1,
            lambda index, _: self.on_move("snapshot", NeighbourhoodState.with_snapshot, index),
        )  # fmt: skip
        self.letter_box = ipywidgets.Text(description="Letter", continuous_update=False)
        self.letter_number = ipywidgets.BoundedIntText(
            value=1, min=1, max=len(state.labels), description="Letter no."
        )
        self.letter_number.add_class("mg-picker")
        self.letter_number.layout.display = "none"  # clicks on the map are written into it
        self.seed_box = ipywidgets.BoundedIntText(
            value=state.seed, min=0, max=max(MAX_SEED, state.seed), description="Seed"
        )
        self.again_button = button(
            "Start again", self._start_again, "train both networks anew from this seed"
        )
        self.observe(self.letter_box, partial(self.change, NeighbourhoodState.with_typed_letter))
        self.observe(
            self.letter_number, partial(self.change, NeighbourhoodState.with_letter_number)
        )

    def _lay_out(self) -> list[ipywidgets.Widget]:
        return [
            box("mg-pills mg-tabs", list(self.tab_buttons.values())),
            box("mg-dial", [self.slider.widget]),
            box("mg-pick", [self.letter_box, self.letter_number]),
            box("mg-again", [self.seed_box, self.again_button]),
        ]

    # -- callbacks ------------------------------------------------------------------------------

    def _start_again(self) -> None:
        """Say that both networks are trained anew, then train them."""
        seed = self.seed_box.value
        with LOCK:
            self._show(self.state, f"Both networks are trained again from seed {seed} …")
            self.update(NeighbourhoodState.with_seed, seed)
        self.draw_still_later()

    def sync_controls(self) -> None:
        """Show the state in the controls; leave a letter that was refused for the user to mend."""
        state = self.state
        if not self.message:
            self.letter_box.value = state.labels[state.letter]
        self.letter_number.value = state.letter + 1
        if not self.is_waiting("snapshot"):
            self.slider.value = state.snapshot
        mark_chosen(self.tab_buttons, state.shown_n_embd)
        self.fill_open_sections()

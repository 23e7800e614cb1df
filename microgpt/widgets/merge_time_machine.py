"""`MergeTimeMachine`: a text as bytes, glued into tokens as one merge after another is allowed."""

from functools import partial

import ipywidgets

from microgpt.errors import SettingError
from microgpt.tokenizers.gpt2_vocab import find_gpt2
from microgpt.viz.html import Rendered
from microgpt.viz.merges import draw_merges, merges_table, render_merges
from microgpt.widgets.controls import (
    LabeledSlider,
    box,
    button,
    example_menu,
    mark_chosen,
    title_of,
)
from microgpt.widgets.merge_lists import ABSENT, GPT2, NUM_MERGES, OURS
from microgpt.widgets.merge_state import MAX_LENGTH, MergeState, start_state
from microgpt.widgets.panel import Panel

# Title -> text.
EXAMPLES = {
    "leading spaces": "the theme, and  the   theme",
    "127+677": "127+677=804, and 1127+6677=7804",
    "astronaut": "👩‍🚀",
    "five languages": "bread, pain, хлеб, خبز, 面包",
    "your name": "My name is Ada Lovelace",
}


class MergeTimeMachine(Panel):
    """A live view of byte-pair encoding: the tokens of a text after the first merges of a list.

    `text` has at most 200 characters; `merges` of our own 1,000 are allowed at first. GPT-2's list
    can be chosen where a copy of it is on this computer; nothing is downloaded. All tokens are
    those of `BPETokenizer`. Raises SettingError for a text that is too long or a number of merges
    out of range, TokenError for a text that has no bytes.
    """

    def __init__(self, text: str = "the theme is unbelievable", *, merges: int = 0):
        if type(merges) is not int or not 0 <= merges <= NUM_MERGES:
            raise SettingError("merges", f"an integer from 0 to {NUM_MERGES:,}", merges)
        state = start_state(text, merges)
        self._make_controls(state)
        super().__init__(
            state,
            self._render,
            lambda state: draw_merges(state.view),
            css_class="merges",
            controls=self._lay_out(),
            numbers_table=lambda state: merges_table(state.view),
            arguments=(text, merges),
        )

    def _render(self, state: MergeState, before: MergeState | None) -> Rendered:
        return render_merges(state.view, None if before is None else before.view)

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self, state: MergeState) -> None:
        self.text_box = ipywidgets.Text(
            value=state.text, description="Text", continuous_update=False,
            placeholder=f"up to {MAX_LENGTH} characters",
        )  # fmt: skip
        self.use_button = button(
            "Use", lambda: self.change(MergeState.with_text, self.text_box.value), "take this text"
        )
        self.example_select = example_menu(tuple(EXAMPLES))
        self.list_buttons = {
            name: button(text, partial(self.change, MergeState.with_list, name), look="pill")
            for name, text in ((OURS, "Our list"), (GPT2, "GPT-2's list"))
        }
        if find_gpt2() is None:
            absent = self.list_buttons[GPT2]
            absent.disabled, absent.tooltip = True, ABSENT
            absent.description = "GPT-2's list: absent"
        self.slider = LabeledSlider(
            lambda number, maximum: "Merges allowed", 0, state.merges.size, 1,
            lambda number, _: self.on_move("merges", MergeState.with_num_merges, number),
        )  # fmt: skip
        self.back_button = button(
            "◀ Back", partial(self.change, MergeState.at_previous_change),
            "back to the merge before that changes this text",
        )  # fmt: skip
        self.next_button = button(
            "Next ▶", partial(self.change, MergeState.at_next_change),
            "on to the next merge that changes this text", "primary",
        )  # fmt: skip
        self.box_number = ipywidgets.BoundedIntText(value=1, min=1, max=1, description="Token no.")
        self.box_number.add_class("mg-picker")
        self.observe(self.text_box, partial(self.change, MergeState.with_text))
        self.observe(self.example_select, partial(self.change, _with_example))
        self.observe(self.box_number, partial(self.change, MergeState.with_box))

    def _lay_out(self) -> list[ipywidgets.Widget]:
        return [
            box("mg-pills mg-lists", list(self.list_buttons.values())),
            box("mg-ask", [self.text_box, self.use_button, self.example_select]),
            box(
                "mg-dial", [self.slider.widget, box("mg-act", [self.back_button, self.next_button])]
            ),
            box("mg-pick", [self.box_number]),
        ]

    def sync_controls(self) -> None:
        """Show the state in the controls; leave a text that was refused for the user to mend."""
        state = self.state
        count = len(state.view.boxes)
        if not self.message:
            self.text_box.value = state.text
            self.example_select.value = title_of(EXAMPLES, state.text)
        self.box_number.max = max(count, 1)
        self.box_number.value = state.view.chosen + 1
        self.box_number.disabled = not count
        if not self.is_waiting("merges"):
            self.slider.set_maximum(state.merges.size, state.merges.size)
            self.slider.value = state.num_merges
        self.back_button.disabled = state.num_merges == 0
        self.next_button.disabled = state.next_change is None
        mark_chosen(self.list_buttons, state.list_name)
        self.fill_open_sections()


def _with_example(state: MergeState, title: str) -> MergeState:
    return state.with_text(EXAMPLES[title]) if title else state

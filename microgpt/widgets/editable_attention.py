"""`EditableAttention`: mask, cut or switch off what a letter looks at, and see what it guesses."""

from functools import partial

import ipywidgets

from microgpt.tokenizers import Tokenizer
from microgpt.viz.editable_attention import (
    CUT,
    MASK,
    OFF,
    UNSCALED,
    HeldOut,
    attention_table,
    draw_attention,
    edit_label,
    grid_class,
    render_attention,
    token_label,
)
from microgpt.viz.formatting import visible
from microgpt.viz.html import Rendered
from microgpt.widgets.attention_state import AttentionState, attended_text, first_state
from microgpt.widgets.controls import box, button, mark_chosen
from microgpt.widgets.head_statistics import held_out_heads
from microgpt.widgets.model_lookup import CorpusLike, ModelLike, find_gpt_source
from microgpt.widgets.opening_text import held_out_texts
from microgpt.widgets.panel import Panel

CELL_EDITS = {"": "unchanged", MASK: "mask before softmax", CUT: "cut after softmax"}
HEAD_EDITS = {OFF: "head off", UNSCALED: "no √D"}
ALL_HEADS = -1  # in the menu, which shows nothing for None


class EditableAttention(Panel):
    """A live view of a GPT's attention on a text, in which single weights can be taken away.

    `model` is "names", "story", a Trainer, a Checkpoint, or a GPT with its `corpus` (or
    `tokenizer`). The view begins with `text`, by default an entry of the corpus that the model was
    not trained on, without its last letter: the first one where attention helps to guess that
    letter, or the very first if there is none among 20. *Mask* sets a score to −1e30 before the
    softmax, *cut* a weight to 0 after it; edits add up, and each can be removed. All numbers come
    from runs of the model under `mg.trace`. Raises TokenError for characters that the model cannot
    read.
    """

    dims_refused = True

    def __init__(
        self,
        model: ModelLike = "names",
        corpus: CorpusLike | None = None,
        *,
        text: str | None = None,
        tokenizer: Tokenizer | None = None,
    ):
        self.source = find_gpt_source(model, corpus, tokenizer)
        self.texts = held_out_texts(self.source, model, corpus)
        self._head_tables: dict[int, HeldOut | None] = {}  # by layer
        text = attended_text(self.source, self.texts) if text is None else text
        state = first_state(self.source, text, self.texts)
        self._make_controls(state)
        super().__init__(
            state,
            self._render,
            lambda state: draw_attention(state.view),
            css_class="attention",
            controls=self._lay_out(),
            numbers_table=self._numbers,
            arguments=(model if isinstance(model, str) else None, text),
        )

    def take_over(self, earlier_state: AttentionState) -> AttentionState:
        """Show the text of the cell's earlier run, with its edits, in today's model."""
        state, earlier = self.state, earlier_state
        if not all(map(self.source.can_encode, earlier.text)):
            return state
        fresh = first_state(self.source, earlier.text, self.texts)
        c, old = self.source.model.config, earlier.source.model.config
        if (c.n_layer, c.n_head, fresh.token_ids) != (old.n_layer, old.n_head, earlier.token_ids):
            return fresh
        shown = fresh.with_layer(earlier.layer).with_head(earlier.head)
        return shown.with_cell(earlier.row, earlier.column).with_edits(earlier.edits)

    def _render(self, state: AttentionState, before: AttentionState | None) -> Rendered:
        return render_attention(state.view, None if before is None else before.view)

    def _numbers(self, state: AttentionState) -> str:
        layer = state.layer
        if layer not in self._head_tables:
            self._head_tables[layer] = held_out_heads(self.source, self.texts, layer)
        return attention_table(state.view, self._head_tables[layer])

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self, state: AttentionState) -> None:
        config = self.source.model.config
        targets = [(visible(label), token) for token, label in enumerate(self.source.labels)]
        self.text_box = ipywidgets.Text(
            description=self.source.text_noun.capitalize(), continuous_update=False
        )
        self.target_select = ipywidgets.Dropdown(options=targets, description="True next")
        self.layer_select = ipywidgets.Dropdown(
            options=[(str(layer + 1), layer) for layer in range(config.n_layer)],
            description="Layer",
        )
        heads = [(str(head + 1), head) for head in range(config.n_head)]
        self.head_select = ipywidgets.Dropdown(
            options=[*heads, ("all", ALL_HEADS)], description="Head"
        )
        self.row_box = ipywidgets.BoundedIntText(min=1, max=1, description="Row")
        self.column_box = ipywidgets.BoundedIntText(min=1, max=1, description="Column")
        self.cells = ipywidgets.ToggleButtons(options=["row 1, column 1"])
        self.cell_buttons = {
            action: button(
                text, partial(self.change, AttentionState.with_cell_edit, action), look="pill"
            )
            for action, text in CELL_EDITS.items()
        }
        self.head_toggles = {
            action: ipywidgets.ToggleButton(description=text) for action, text in HEAD_EDITS.items()
        }
        self.undo_button = button(
            "Undo all", partial(self.change, AttentionState.without_edits), "", "quiet"
        )
        self.observe(self.text_box, partial(self.change, AttentionState.with_text))
        self.observe(self.target_select, partial(self.change, AttentionState.with_target))
        self.observe(self.layer_select, partial(self.change, AttentionState.with_layer))
        self.observe(self.head_select, partial(self.change, _with_head))
        self.observe(self.row_box, partial(self.change, _with_row))
        self.observe(self.column_box, partial(self.change, _with_column))
        self.observe(self.cells, partial(self.change, _with_cell))
        for action, toggle in self.head_toggles.items():
            self.observe(toggle, partial(self.change, AttentionState.with_head_edit, action))

    def _lay_out(self) -> list[ipywidgets.Widget]:
        several_layers = [self.layer_select] if len(self.layer_select.options) > 1 else []
        self.chips = box("mg-chips", [])
        return [
            box("mg-set", [self.text_box, self.target_select]),
            box(
                "mg-cell-set",
                [
                    box(
                        "mg-where",
                        [*several_layers, self.head_select, self.row_box, self.column_box],
                    ),
                    box("mg-pills", list(self.cell_buttons.values())),
                    box("mg-where", list(self.head_toggles.values())),
                ],
            ),
            self.chips,
            self.cells,
        ]

    def sync_controls(self) -> None:
        """Show the state in the controls; leave a text that was refused for the user to mend."""
        state = self.state
        if not self.message:
            self.text_box.value = state.text
        self.target_select.value = state.target
        self.layer_select.value, self.head_select.value = state.layer, _head_value(state)
        self._lay_cells_over(state)
        shown = len(state.token_ids) - state.first
        for number_box, position, maximum in (
            (self.row_box, state.row, shown),
            (self.column_box, state.column, state.row - state.first + 1),
        ):
            number_box.max = max(maximum, 1)
            number_box.value = position - state.first + 1
        for action, toggle in self.head_toggles.items():
            toggle.value = state.has(action)
            toggle.description = f"{'☑' if toggle.value else '☐'} {HEAD_EDITS[action]}"
        self._show_chips(state)
        mark_chosen(self.cell_buttons, state.cell_action)
        self.fill_open_sections()

    def _lay_cells_over(self, state: AttentionState) -> None:
        """Lay a button over each cell of the triangle, in the columns that the picture has."""
        view, first = state.view, state.first
        names = [
            f"row {row - first + 1} ({token_label(view, row)}), "
            f"column {column - first + 1} ({token_label(view, column)})"
            for row, column in _cells(state)
        ]
        options = list(zip(names, _cells(state), strict=True))
        if list(self.cells.options) != options:
            self.cells.options = options
        self.cells.value = state.row, state.column
        self.cells._dom_classes = ("mg-over", *(f"mg-{c}" for c in grid_class(view).split()))

    def _show_chips(self, state: AttentionState) -> None:
        """One button for each edit, which removes it, and one for all."""
        labels = [f"{edit_label(state.view, edit)}  ✕" for edit in state.edits]
        if [chip.description for chip in self.chips.children[:-1]] == labels:
            return
        chips = [
            button(label, partial(self.change, AttentionState.without, edit), "remove this change")
            for label, edit in zip(labels, state.edits, strict=True)
        ]
        self.chips.children = [*chips, self.undo_button] if chips else []


def _cells(state: AttentionState) -> list[tuple[int, int]]:
    """The cells of the triangle, row by row."""
    positions = range(state.first, len(state.token_ids))
    return [(row, column) for row in positions for column in positions if column <= row]


def _with_cell(state: AttentionState, cell: tuple[int, int]) -> AttentionState:
    return state.with_cell(*cell)


def _head_value(state: AttentionState) -> int:
    return ALL_HEADS if state.head is None else state.head


def _with_head(state: AttentionState, value: int) -> AttentionState:
    return state.with_head(None if value == ALL_HEADS else value)


def _with_row(state: AttentionState, number: int) -> AttentionState:
    return state.with_cell(state.first + number - 1, state.column)


def _with_column(state: AttentionState, number: int) -> AttentionState:
    return state.with_cell(state.row, state.first + number - 1)

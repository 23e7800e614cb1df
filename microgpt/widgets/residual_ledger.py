"""`ResidualLedger`: what each part of a GPT contributes to a choice, and a model's size."""

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets

from microgpt.config import PRESETS
from microgpt.errors import SettingError
from microgpt.pretrained import BUNDLED
from microgpt.tokenizers import Tokenizer
from microgpt.viz.drawing import Drawing
from microgpt.viz.formatting import visible
from microgpt.viz.html import Rendered
from microgpt.viz.residual_ledger import (
    PICK_STEP,
    draw_ledger,
    draw_size,
    ledger_numbers,
    render_ledger,
    render_size,
    size_numbers,
)
from microgpt.widgets.controls import box, button, mark_chosen
from microgpt.widgets.ledger_state import CONTRIBUTIONS, SIZE, ResidualLedgerState, first_state
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.model_lookup import CorpusLike, ModelLike, find_gpt_source
from microgpt.widgets.opening_text import held_out_texts, opening_text
from microgpt.widgets.panel import Panel
from microgpt.widgets.size_controls import SizeControls
from microgpt.widgets.size_state import size_of

TABS = {CONTRIBUTIONS: "Contributions", SIZE: "Size"}
ORDERS = (("layer", False), ("size", True))
SHOWN = "shown"  # a choice of `removal`
YOUR_MODEL, THIS_MODEL = "your model", "this model"  # its name, and how the menu calls it


class ResidualLedger(Panel):
    """A live view of a logit difference as a sum over the parts of a GPT, and of any GPT's size.

    `model` is "names", "story", a Trainer, a Checkpoint, or a GPT with its `corpus` (or
    `tokenizer`). "Contributions" begins with `text`, by default the first held-out entry of the
    corpus without its last letter, and compares its two likeliest next tokens; the rows are those
    of `Trace.logit_attribution`. "Size" counts a model from its settings, without building it.

    With `removal` False there is no button for the effect of removing a part; with "shown", the
    view begins with this effect. With `size` False there is no tab "Size". With the name of a
    preset as `size`, such as "gpt2-124M", the view begins with it.
    Raises TokenError for characters that the model cannot read, SettingError for other settings.
    """

    dims_refused = True

    def __init__(
        self,
        model: ModelLike = "names",
        corpus: CorpusLike | None = None,
        *,
        text: str | None = None,
        tokenizer: Tokenizer | None = None,
        removal: bool | str = True,
        size: bool | str = True,
    ):
        if not isinstance(removal, bool) and removal != SHOWN:
            raise SettingError("removal", "True, False", removal, choices=(SHOWN,))
        if not isinstance(size, bool) and size not in PRESETS:
            raise SettingError("size", "True, False", size, choices=tuple(PRESETS))
        self.has_removal, self.has_size = bool(removal), bool(size)
        self.source = find_gpt_source(model, corpus, tokenizer)
        if text is None:
            texts = held_out_texts(self.source, model, corpus)
            text = opening_text(texts) or self.source.tokenizer.default_prompt
        config = PRESETS[size] if isinstance(size, str) else self.source.model.config
        state = first_state(self.source, text, size_of(config)).with_removal(removal == SHOWN)
        if isinstance(size, str):
            state = state.with_tab(SIZE)
        own = [] if isinstance(model, str) else [(THIS_MODEL, YOUR_MODEL)]
        self.models = [*own, *((name, name) for name in BUNDLED)]
        self._make_controls(state, model if isinstance(model, str) else YOUR_MODEL)
        super().__init__(
            state,
            self._render,
            self._draw,
            css_class="ledger",
            controls=self._lay_out(),
            numbers_table=self._numbers,
            arguments=(model if isinstance(model, str) else None, text, removal, size),
        )

    def take_over(self, earlier_state: ResidualLedgerState) -> ResidualLedgerState:
        """Show the text, the two tokens and the choices of the cell's earlier run."""
        earlier, source = earlier_state, self._source_of(earlier_state.source.name)
        if not all(map(source.can_encode, earlier.text)):
            return self.state
        fresh = first_state(source, earlier.text, earlier.size)
        fresh = fresh.with_tab(earlier.tab).with_order(earlier.by_size)
        fresh = fresh.with_removal(earlier.shows_removal)
        if source.labels != earlier.source.labels:
            return fresh
        return fresh.with_first(earlier.first).with_second(earlier.second)

    def _render(self, state: ResidualLedgerState, before: ResidualLedgerState | None) -> Rendered:
        if before is not None and before.tab != state.tab:
            before = None
        if state.tab == SIZE:
            return render_size(state.size.view, None if before is None else before.size.view)
        return render_ledger(state.view, None if before is None else before.view)

    def _draw(self, state: ResidualLedgerState) -> Drawing:
        return draw_size(state.size.view) if state.tab == SIZE else draw_ledger(state.view)

    def _numbers(self, state: ResidualLedgerState) -> str:
        return size_numbers(state.size.view) if state.tab == SIZE else ledger_numbers(state.view)

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self, state: ResidualLedgerState, model: str) -> None:
        self.tab_buttons = {
            tab: button(text, partial(self.change, ResidualLedgerState.with_tab, tab), look="pill")
            for tab, text in TABS.items()
            if self.has_size or tab != SIZE
        }
        self.model_select = ipywidgets.Dropdown(
            options=self.models, value=model, description="Model"
        )
        self.text_box = ipywidgets.Text(description="After", continuous_update=False)
        self.first_select = ipywidgets.Dropdown(description="Logit of")
        self.second_select = ipywidgets.Dropdown(description="minus")
        self.swap_button = button(
            "⇄ swap", partial(self.change, ResidualLedgerState.swapped), "exchange the two"
        )
        self.order_select = ipywidgets.Dropdown(options=ORDERS, description="Order by")
        self.removal_toggle = ipywidgets.ToggleButton()
        self.row_number = ipywidgets.BoundedIntText(value=0, min=0, max=10_000, description="Row")
        self.row_number.add_class("mg-picker")
        self.row_number.layout.display = "none"  # clicks on rows are written into it
        self.size_controls = SizeControls(
            self.observe,
            lambda name, value: self.on_move(
                name, ResidualLedgerState.with_size_setting, name, value
            ),
            lambda name: self.change(ResidualLedgerState.with_size, size_of(PRESETS[name])),
            state.size,
        )
        self.observe(self.model_select, self._use_model)
        changes: dict[Any, Callable[..., ResidualLedgerState]] = {
            self.first_select: ResidualLedgerState.with_first,
            self.second_select: ResidualLedgerState.with_second,
            self.order_select: ResidualLedgerState.with_order,
            self.removal_toggle: ResidualLedgerState.with_removal,
            self.text_box: ResidualLedgerState.with_text,
            self.row_number: _with_picked_row,
        }
        for widget, function in changes.items():
            self.observe(widget, partial(self.change, function))

    def _lay_out(self) -> list[ipywidgets.Widget]:
        removal = [self.removal_toggle] if self.has_removal else []
        self.contributions_box = box(
            "mg-set",
            [
                box("mg-row mg-what", [self.model_select, self.text_box]),
                box("mg-row mg-pair", [self.first_select, self.second_select, self.swap_button]),
                box("mg-row mg-how", [self.order_select, *removal, self.row_number]),
            ],
        )
        tabs = [box("mg-pills mg-tabs", list(self.tab_buttons.values()))] if self.has_size else []
        return [*tabs, self.contributions_box, self.size_controls.box]

    def _use_model(self, name: str) -> None:
        self.change(lambda state: state.with_source(self._source_of(name)))

    def _source_of(self, name: str) -> ModelLogits:
        return find_gpt_source(name) if name in BUNDLED else self.source

    def sync_controls(self) -> None:
        """Show the state in the controls; leave a text that was refused for the user to mend."""
        state = self.state
        mark_chosen(self.tab_buttons, state.tab)
        self.model_select.value = state.source.name
        self.contributions_box.layout.display = "" if state.tab == CONTRIBUTIONS else "none"
        self.size_controls.box.layout.display = "" if state.tab == SIZE else "none"
        if not self.message:
            self.text_box.value = state.text
        options = tuple((visible(label), i) for i, label in enumerate(state.source.labels))
        for select, token in (
            (self.first_select, state.first),
            (self.second_select, state.second),
        ):
            if select.options != options:
                select.options = options
            select.value = token
        self.order_select.value = state.by_size
        self.removal_toggle.value = state.shows_removal
        mark = "☑" if state.shows_removal else "☐"
        self.removal_toggle.description = f"{mark} effect of removing"
        self.row_number.value = 0  # so that the same row can be picked again
        self.size_controls.show(state.size, self.is_waiting)
        self.fill_open_sections()


def _with_picked_row(state: ResidualLedgerState, number: int) -> ResidualLedgerState:
    return state.with_toggled(number // PICK_STEP)

"""`SamplingExplorer`: see how one token is sampled, with sliders for u and each parameter.

Route from a moved slider to the picture: `LabeledSlider._on_slider` (controls.py) →
`SliderSpec.to_param` (sampling_sliders.py) → `SamplingExplorer._on_param` → `Panel.update`
(panel.py) → `SamplingTrace.with_params` (sampling_trace.py); its `sampled` calls `next_token`
(sampling/token_sampler.py), where the temperature divides the logits → `Panel._show` →
`SamplingExplorer._draw` → `SamplingTrace.view` → `draw_sampling` (viz/sampler/figure.py) →
`Panel.picture`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import ipywidgets

from microgpt.config import SampleConfig
from microgpt.errors import SettingError
from microgpt.tokenizers import Tokenizer
from microgpt.viz.drawing import Drawing
from microgpt.viz.formatting import visible
from microgpt.viz.sampler import draw_sampling, probs_table, seeds_table
from microgpt.widgets.controls import Collapsible, LabeledSlider, button
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.model_lookup import (
    CorpusLike,
    ModelLike,
    find_source,
    load_source,
    named_sources,
)
from microgpt.widgets.panel import Panel
from microgpt.widgets.sampling_sliders import SLIDERS, check_in_range, make_sampling_sliders
from microgpt.widgets.sampling_trace import SamplingTrace, texts_by_seed
from microgpt.widgets.text_likelihood import LikelihoodSection
from microgpt.widgets.workers import LatestOnlyQueue

ROWS, COMPACT_ROWS, HEADER_HEIGHT = 20, 12, 40
MAX_SLIDERS_BESIDE = 3  # more do not fit beside the picture and go below it
TABLE_SEEDS = range(1, 6)


class SamplingExplorer(Panel):
    """A live view of how the next token is sampled; u stays the same until you draw it again.

    `model` is "names", "story", a Trainer, or a GPT with the `corpus` or `tokenizer` it was trained
    with; or give one row of `logits` with `labels`. `sliders` are those shown at first, of
    "temperature", "top_k", "top_p" and "min_p". `compact` leaves out the header and some of the
    bars. `u` sets the first random number by hand. The view works on a copy of the model.
    """

    def __init__(
        self,
        model: ModelLike | None = None,
        corpus: CorpusLike | None = None,
        *,
        logits: Any = None,
        labels: Sequence[str] | None = None,
        sliders: Sequence[str] = ("temperature",),
        compact: bool = False,
        prompt: str = "",
        seed: int = 1,
        u: float | None = None,
        tokenizer: Tokenizer | None = None,
        **params: Any,
    ):
        if not isinstance(sliders, tuple | list) or not set(sliders) <= set(SLIDERS):
            names = ", ".join(map(repr, SLIDERS))
            raise SettingError("sliders", f"some of {names}, in a tuple", sliders)
        if unknown := sorted(set(params) - set(SLIDERS)):
            raise SettingError("a setting", got=unknown[0], choices=SLIDERS)
        if model is None and logits is None:
            model = "names"
        self.initial_source = find_source(model, corpus, logits, labels, tokenizer)
        params_in_range = check_in_range(SampleConfig(**params))
        trace = SamplingTrace(self.initial_source, prompt, params_in_range, seed)
        trace = trace if u is None else trace.with_fixed_u(u)
        self._first_draw = trace.draw
        self._table_queue = LatestOnlyQueue()
        self.rows = COMPACT_ROWS if compact else ROWS
        self._make_controls(trace)
        layout = self._compact_layout(sliders) if compact else self._full_layout(sliders)
        super().__init__(
            trace,
            self._draw,
            numbers_table=lambda trace: probs_table(trace.view()),
            height=520 - 15 * (ROWS - self.rows) - (HEADER_HEIGHT if compact else 0),
            controls_beside=True,
            **layout,
        )

    @property
    def _picture_height(self) -> int:
        return self.height - (0 if self.rows == COMPACT_ROWS else HEADER_HEIGHT)

    def _draw(self, trace: SamplingTrace, message: str) -> tuple[Drawing, str]:
        return draw_sampling(trace.view(), message, self.id_prefix, self.rows)

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self, trace: SamplingTrace) -> None:
        self._make_header(trace)
        self.sliders = make_sampling_sliders(self._on_param)
        self.u_slider = LabeledSlider(lambda u, maximum: "Dart u", 0.0, 0.999, 0.001, self._on_u)

        def step_button(
            text: str, step: Callable[[SamplingTrace], SamplingTrace], tooltip: str
        ) -> ipywidgets.Button:
            return button(text, lambda: self.update(step), tooltip)

        self.redraw_button = step_button(
            "Roll again", SamplingTrace.with_new_draw, "another dart for this token"
        )
        self.accept_button = step_button("Next letter", SamplingTrace.accept, "accept the pick")
        self.finish_button = step_button(
            "Finish", SamplingTrace.accept_all, "accept picks to the end, or 16 tokens"
        )
        self.undo_button = step_button("Back", SamplingTrace.undo, "undo one token")
        self.texts = Collapsible("Five texts", ipywidgets.HTML(), self._on_toggle)
        self.likelihood = LikelihoodSection(lambda: self.state, self.run_guarded)

    def _make_header(self, trace: SamplingTrace) -> None:
        names, initial_name = named_sources(), trace.source.name
        self.model_select = ipywidgets.Dropdown(
            options=names if initial_name in names else [initial_name, *names], value=initial_name,
            description="Model", layout={"width": "262px"}, style={"description_width": "45px"},
        )  # fmt: skip
        self.prompt_box = ipywidgets.Text(
            value=trace.prompt, description="Start with", continuous_update=False,
            layout={"width": "190px"}, style={"description_width": "70px"},
        )  # fmt: skip
        self.seed_box = ipywidgets.BoundedIntText(
            value=trace.seed, min=0, max=2**31, description="Dice set",
            layout={"width": "130px"}, style={"description_width": "60px"},
        )  # fmt: skip
        self.restart_button = button("Start over", lambda: self.update(self._restarted))
        for name, widget, with_value in (
            ("model", self.model_select, self._with_source),
            ("prompt", self.prompt_box, self._with_prompt),
            ("seed", self.seed_box, self._with_seed),
        ):
            widget.observe(self._moves_of(name, with_value), "value")

    def _moves_of(
        self, control: str, with_value: Callable[[SamplingTrace, Any], SamplingTrace]
    ) -> Callable:
        return lambda change: self.on_move(control, with_value, change["new"])

    def _full_layout(self, sliders: Sequence[str]) -> dict[str, Any]:
        beside = list(sliders[:MAX_SLIDERS_BESIDE])
        others = [name for name in self.sliders if name not in beside]
        self.more_sliders = Collapsible(
            "More dials", _row(self._slider_widgets(others)), lambda: None
        )
        return {
            "header": [
                self.model_select, self.prompt_box, self.seed_box, self.restart_button,
            ],
            "controls": [
                *self._slider_widgets(beside), self.more_sliders.toggle, self.u_slider.widget,
                self._step_buttons(),
            ],
            "below": [self.more_sliders.content],
            "toggles": [self.likelihood.toggle, self.texts.toggle],
            "collapsed": [self.likelihood.content, self.texts.content],
        }  # fmt: skip

    def _compact_layout(self, sliders: Sequence[str]) -> dict[str, Any]:
        beside, others = sliders[:MAX_SLIDERS_BESIDE], sliders[MAX_SLIDERS_BESIDE:]
        return {
            "controls": [
                *self._slider_widgets(beside), self.u_slider.widget, self._step_buttons(),
            ],
            "below": self._slider_widgets(others),
        }  # fmt: skip

    def _slider_widgets(self, names: Sequence[str]) -> list[ipywidgets.Widget]:
        return [self.sliders[name].widget for name in names]

    def _step_buttons(self) -> ipywidgets.Widget:
        buttons = [self.redraw_button, self.accept_button, self.finish_button, self.undo_button]
        return _row(buttons)

    # -- callbacks ------------------------------------------------------------------------------

    def _on_param(self, name: str, value: Any) -> None:
        self.on_move(name, lambda trace: trace.with_params(**{name: value}))

    def _on_u(self, u: float, maximum: float) -> None:
        self.on_move("u", SamplingTrace.with_fixed_u, u)

    def _with_source(self, trace: SamplingTrace, name: str) -> SamplingTrace:
        if name == trace.source.name:
            return trace
        source = self.initial_source if name == self.initial_source.name else load_source(name)
        return trace.restarted(source=source, prompt="")

    @staticmethod
    def _with_prompt(trace: SamplingTrace, prompt: str) -> SamplingTrace:
        return trace if prompt == trace.prompt else trace.restarted(prompt=prompt)

    @staticmethod
    def _with_seed(trace: SamplingTrace, seed: int) -> SamplingTrace:
        return trace if seed == trace.seed else trace.with_seed(seed)

    def _restarted(self, trace: SamplingTrace) -> SamplingTrace:
        """Start the text over; set the first u again if the explorer was made with a `u`."""
        new = trace.restarted()
        return replace(new, draw=self._first_draw) if new.source is self.initial_source else new

    # -- keeping the controls in sync with the state --------------------------------------------

    def sync_controls(self) -> None:
        trace = self.state
        for name, slider in self.sliders.items():
            if not self.is_waiting(name):
                SLIDERS[name].show(slider, getattr(trace.params, name), trace.source.vocab_size)
        if not self.is_waiting("u"):
            self.u_slider.value = round(min(trace.current_step.u, 0.999), 3)
        for name, widget, value in (
            ("model", self.model_select, trace.source.name),
            ("seed", self.seed_box, trace.seed),
            ("prompt", self.prompt_box, self.prompt_box.value if self.message else trace.prompt),
        ):
            if widget.value != value and not self.is_waiting(name):
                widget.value = value
        has_model = isinstance(trace.source, ModelLogits)
        self.prompt_box.disabled = self.likelihood.toggle.disabled = not has_model
        self.accept_button.description = f"Next {trace.source.unit}"
        self.accept_button.disabled = self.finish_button.disabled = trace.is_finished
        self.undo_button.disabled = not trace.accepted
        self.fill_open_sections()

    def fill_open_sections(self) -> None:
        super().fill_open_sections()
        if self.likelihood.section.is_open:
            self.likelihood.fill()
        if self.texts.is_open:  # takes 0.3 s: of many moves, only the latest is sampled
            trace = self.state
            self._table_queue.submit(lambda: self.run_guarded(lambda: self._fill_texts(trace)))

    def _fill_texts(self, trace: SamplingTrace) -> None:
        """Sample a text for each seed and show the table; the caller must hold the package's lock.

        `SamplingTrace.sampled` is a `cached_property`, which has a lock of its own before Python
        3.12. Taking the package's lock first on every thread avoids a deadlock.
        """
        table = seeds_table(texts_by_seed(trace, TABLE_SEEDS))
        self.texts.content.value = f'<div class="mg-view">{table}</div>'

    def control_lines(self) -> list[str]:
        trace, temperature = self.state, self.sliders["temperature"]
        label = temperature.label(temperature.value, temperature.box.max)
        return [
            f"Model: {trace.source.name}",
            f'Start with: "{visible(trace.prompt, 14)}"',
            f"{label}: {temperature.value:g}",
            f"Dart u: {trace.current_step.u:.3f}",
            f"Dice set: {trace.seed}",
        ]


def _row(widgets: Sequence[ipywidgets.Widget]) -> ipywidgets.Widget:
    row = ipywidgets.HBox(list(widgets))
    row.add_class("mg-row")
    return row

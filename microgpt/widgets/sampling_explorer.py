"""`SamplingExplorer`: see how one token is sampled, with sliders for u and each parameter.

Route from a moved slider to the picture: `LabeledSlider._on_slider` (controls.py) →
`SliderSpec.to_param` (sampling_sliders.py) → `SamplingExplorer._on_param` → `Panel.on_move`
(panel.py) → `SamplingTrace.with_params` (sampling_trace.py); its `sampled` calls `next_token`
(sampling/token_sampler.py), where the temperature divides the logits → `Panel._show` →
`SamplingExplorer._render` → `SamplingTrace.view` → `render_sampling` (viz/sampler/figure.py) →
`Panel.picture` and `Panel.caption_box`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import ipywidgets

from microgpt.config import SampleConfig
from microgpt.errors import SettingError
from microgpt.tokenizers import Tokenizer
from microgpt.viz.html import Rendered
from microgpt.viz.sampler import (
    draw_sampling,
    probs_table,
    render_sampling,
    seeds_table,
    text_noun,
)
from microgpt.widgets.controls import Collapsible, LabeledSlider, box, button
from microgpt.widgets.logits_source import FixedLogits, LogitsSource, TextLogits
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

TABLE_SEEDS = range(1, 6)


class SamplingExplorer(Panel):
    """A live view of how the next token is sampled; u stays the same until you draw it again.

    `model` is "names", "story", a Trainer, or a GPT with the `corpus` or `tokenizer` it was trained
    with; or give one row of `logits` with `labels`. `sliders` are those shown at first, of
    "temperature", "top_k", "top_p" and "min_p". `compact` leaves out the choice of the model, the
    other sliders and the key figures. `u` sets the first random number by hand. The view works on a
    copy of the model.
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
        self._first_trace = trace
        self._table_queue = LatestOnlyQueue()
        self.compact = compact
        self._make_controls(trace)
        super().__init__(
            trace,
            self._render,
            lambda trace: draw_sampling(trace.view(), trace.source.name, trace.seed, compact),
            css_class="explorer",
            controls=self._lay_out(sliders),
            toggles=[] if compact else [self.likelihood.toggle, self.texts.toggle],
            folded=[] if compact else [self.likelihood.content, self.texts.content],
            numbers_table=lambda trace: probs_table(trace.view()),
            arguments=(
                model, corpus, _row_of(self.initial_source), tokenizer, tuple(sliders), compact,
                prompt, seed, u, params_in_range,
            ),
        )  # fmt: skip
        if compact:
            self.box.children[0].add_class("mg-compact")
        elif any(not slider.is_off for slider in self._folded_sliders):
            self.more_sliders.toggle.value = True  # what has an effect is not hidden

    def _render(self, trace: SamplingTrace, before: SamplingTrace | None) -> Rendered:
        view_before = None if before is None else before.view()
        return render_sampling(trace.view(), view_before, self.compact)

    def take_over(self, earlier_state: SamplingTrace) -> SamplingTrace:
        """Return the earlier state, on the new copy of the model if it used the old one."""
        old, new = earlier_state.source, self.initial_source
        if old is new or old.name != new.name:
            return earlier_state
        change = earlier_state.pick_change if isinstance(new, FixedLogits) else None
        return replace(earlier_state, source=new, pick_change=change)

    # -- controls -------------------------------------------------------------------------------

    def _make_controls(self, trace: SamplingTrace) -> None:
        names, initial_name = named_sources(), trace.source.name
        self.model_select = ipywidgets.Dropdown(
            options=names if initial_name in names else [initial_name, *names], value=initial_name,
            description="Model",
        )  # fmt: skip
        self.prompt_box = ipywidgets.Text(
            value=trace.prompt, description="Start with", placeholder="start with",
            continuous_update=False,
        )  # fmt: skip
        self.seed_box = ipywidgets.BoundedIntText(
            value=trace.seed, min=0, max=2**31, description="Seed"
        )
        for name, widget, with_value in (
            ("model", self.model_select, self._with_source),
            ("prompt", self.prompt_box, self._with_prompt),
            ("seed", self.seed_box, self._with_seed),
        ):
            widget.add_class(f"mg-{name}")
            self.observe(widget, partial(self.on_move, name, with_value))
        self.sliders = make_sampling_sliders(self._on_param)
        self.u_slider = LabeledSlider(lambda u, maximum: "Dart u", 0.0, 0.999, 0.001, self._on_u)
        self.u_slider.widget.add_class("mg-dart")
        self.restart_button = self._step_button(
            "Start over", lambda trace: self._first_trace, "all as this view began", "quiet"
        )
        self.redraw_button = self._step_button(
            "Throw again", SamplingTrace.with_new_draw, "another dart, the same probabilities"
        )
        self.accept_button = self._step_button(
            "Next letter", self._advanced, "accept the pick, or begin another text", "primary"
        )
        self.finish_button = self._step_button(
            "Finish", SamplingTrace.accept_all, "accept every pick to the end, at most 16"
        )
        self.undo_button = self._step_button("Back", SamplingTrace.undo, "take the last pick back")
        self.texts = Collapsible("Five texts", ipywidgets.HTML(), self._on_toggle)
        self.likelihood = LikelihoodSection(lambda: self.state, self.run_guarded)

    def _step_button(
        self,
        text: str,
        step: Callable[[SamplingTrace], SamplingTrace],
        tooltip: str,
        look: str = "",
    ) -> ipywidgets.Button:
        return button(text, partial(self.change, step), tooltip, look)

    def _lay_out(self, sliders: Sequence[str]) -> list[ipywidgets.Widget]:
        """Return the controls in boxes; sliders that are not named in `sliders` are folded away."""
        for name, slider in self.sliders.items():
            slider.widget.add_class("mg-temperature" if name == "temperature" else "mg-line")
        folded = [] if self.compact else [name for name in self.sliders if name not in sliders]
        self._folded_sliders = [self.sliders[name] for name in folded]
        cuts = box("mg-cuts", [slider.widget for slider in self._folded_sliders])
        self.more_sliders = Collapsible(
            "More dials", cuts, lambda: None, ("More dials ▸", "Fewer dials ▾")
        )
        first = [self.sliders[name].widget for name in sliders if name == "temperature"]
        others = [self.sliders[name].widget for name in sliders if name != "temperature"]
        steps = [self.redraw_button, self.accept_button, self.finish_button, self.undo_button]
        setup = [self.model_select, self.prompt_box, self.seed_box, self.restart_button]
        more = [box("mg-more", [self.more_sliders.toggle, cuts])] if folded else []
        return [
            *([] if self.compact else [box("mg-setup", setup)]),
            box("mg-steps", steps),
            box("mg-sliders", [*first, self.u_slider.widget, *others, *more]),
        ]

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

    @staticmethod
    def _advanced(trace: SamplingTrace) -> SamplingTrace:
        """Accept the pick; after the end of the text, begin another one with the next seed."""
        return trace.with_next_seed() if trace.is_finished else trace.accept()

    # -- keeping the controls in sync with the state --------------------------------------------

    def sync_controls(self) -> None:
        trace = self.state
        for name, slider in self.sliders.items():
            if not self.is_waiting(name):
                SLIDERS[name].show(slider, getattr(trace.params, name), trace.source.vocab_size)
        if not self.is_waiting("u"):
            self.u_slider.value = round(min(trace.current_step.u, 0.999), 3)
        self.u_slider.set_off(trace.params.temperature == 0)
        for name, widget, value in (
            ("model", self.model_select, trace.source.name),
            ("seed", self.seed_box, trace.seed),
            ("prompt", self.prompt_box, self.prompt_box.value if self.message else trace.prompt),
        ):
            if widget.value != value and not self.is_waiting(name):
                widget.value = value
        has_model = isinstance(trace.source, TextLogits)
        self.prompt_box.disabled = not has_model
        self.accept_button.description = (
            f"New {text_noun(trace.view())}" if trace.is_finished else f"Next {trace.source.unit}"
        )
        self.finish_button.disabled = trace.is_finished
        self.undo_button.disabled = not trace.accepted
        self.fill_open_sections()

    def fill_open_sections(self) -> None:
        super().fill_open_sections()
        self.likelihood.sync()
        if self.texts.is_open:  # takes 0.3 s: of many moves, only the latest is sampled
            trace = self.state
            self._table_queue.submit(lambda: self.run_guarded(lambda: self._fill_texts(trace)))

    def _fill_texts(self, trace: SamplingTrace) -> None:
        """Sample a text for each seed and show the table; the caller must hold the package's lock.

        `SamplingTrace.sampled` is a `cached_property`, which has a lock of its own before Python
        3.12. Taking the package's lock first on every thread avoids a deadlock.
        """
        table = seeds_table(texts_by_seed(trace, TABLE_SEEDS))
        self.texts.content.value = f'<div class="mg">{table}</div>'


def _row_of(source: LogitsSource) -> tuple[bytes, tuple[str, ...]] | None:
    """Return what a row of logits is compared by when its cell runs again."""
    return (source.logits.tobytes(), source.labels) if isinstance(source, FixedLogits) else None

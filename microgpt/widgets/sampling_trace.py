"""`SamplingTrace`: a text sampled token by token, in which every step can be inspected and undone.

Traces are immutable: each method returns a new one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import log
from numbers import Real
from typing import Any

import numpy as np

from microgpt.config import SampleConfig
from microgpt.errors import SettingError, StateError
from microgpt.sampling import SampledToken, next_token, uniform
from microgpt.viz.formatting import visible
from microgpt.viz.sample_table import labelled_text
from microgpt.viz.sampler import PickChange, SamplingView, memorization_mark
from microgpt.widgets.logits_source import LogitsSource, TextLogits
from microgpt.widgets.token_scores import UNFILTERED, score_tokens, total_nll

MAX_NEW_TOKENS = 16  # the caption says "Sixteen"


@dataclass(frozen=True)
class RandomDraw:
    """Where one token's u comes from: draw number `draw_index`, or `fixed_u` set by hand."""

    draw_index: int = 0
    fixed_u: float | None = None


@dataclass(frozen=True)
class AcceptedToken:
    """An accepted token, with the draw, parameters and pick change that `undo` restores."""

    token: int
    draw: RandomDraw
    params: SampleConfig
    pick_change: PickChange | None


@dataclass(frozen=True)
class SamplingTrace:
    """A text sampled by the rules of `generate`, with the next token that it would sample.

    At most 16 tokens are sampled after the `prompt`. The u of position t is
    `uniform(seed, t, draw_index)`, or was set by hand; it does not depend on the sampling
    parameters.
    """

    source: LogitsSource
    prompt: str = ""
    params: SampleConfig = UNFILTERED
    seed: int = 1
    accepted: tuple[AcceptedToken, ...] = ()
    draw: RandomDraw = RandomDraw()
    pick_change: PickChange | None = None
    target_length: int = 0  # tokens accepted by the user; `with_seed` samples as many
    prompt_ids: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        uniform(self.seed, 0)  # raises for an invalid seed
        object.__setattr__(self, "prompt_ids", self.source.encode_prompt(self.prompt))

    @property
    def token_ids(self) -> tuple[int, ...]:
        """All tokens so far, BOS included."""
        return self.prompt_ids + tuple(accepted.token for accepted in self.accepted)

    @property
    def text_ids(self) -> tuple[int, ...]:
        """The tokens of the visible text: the prompt as typed, then sampled tokens without EOS."""
        sampled = [accepted.token for accepted in self.accepted]
        text = [token for token in sampled if token != self.source.eos_token_id]
        return (*self.source.encode_text(self.prompt), *text)

    @property
    def text(self) -> str:
        """The text so far, decoded from all its tokens."""
        return "".join(self.source.pieces(self.text_ids))

    @property
    def reached_eos(self) -> bool:
        """Whether the end-of-text token was sampled."""
        return bool(self.accepted) and self.accepted[-1].token == self.source.eos_token_id

    @property
    def is_finished(self) -> bool:
        """Whether EOS was sampled or the limit of 16 tokens is reached."""
        return self.reached_eos or len(self.accepted) >= MAX_NEW_TOKENS

    @property
    def current_step(self) -> "SamplingTrace":
        """The trace whose next token is shown: itself or, if finished, without its last token."""
        return self.undo() if self.is_finished else self

    @property
    def u(self) -> float:
        """The number in [0, 1) that picks the next token."""
        if self.draw.fixed_u is not None:
            return self.draw.fixed_u
        return uniform(self.seed, len(self.token_ids), self.draw.draw_index)

    @cached_property
    def sampled(self) -> SampledToken:
        """The next token, with the distribution it was sampled from."""
        return next_token(self._logits, **vars(self.params), u=self.u)

    @cached_property
    def sampled_without_filters(self) -> SampledToken:
        """The next token sampled by temperature alone, without top-k, top-p and min-p."""
        return next_token(self._logits, temperature=self.params.temperature, u=self.u)

    @property
    def _logits(self) -> np.ndarray:
        return self.source.next_token_logits(len(self.prompt_ids), self.token_ids)

    @property
    def nll(self) -> float | None:
        """The negative log-likelihood of the text so far in nats, including EOS if it was reached.

        `None` for fixed logits, for a text that is empty or longer than the block, and for a prompt
        that no BOS precedes: its first token has no probability.
        """
        source = self.source
        if not isinstance(source, TextLogits) or len(self.token_ids) > source.block_size + 1:
            return None
        if source.eos_token_id is None and self.prompt:
            return None
        start = len(self.token_ids) - self._num_scored
        scores = score_tokens(source, self.token_ids[:start], self.token_ids[start:], self.params)
        return total_nll(scores) if scores else None

    @property
    def _num_scored(self) -> int:
        """How many tokens have a probability: all but BOS or the default prompt."""
        return len(self.token_ids) - len(self.source.encode_prompt(""))

    def with_params(self, **params: Any) -> "SamplingTrace":
        """Return the trace with some sampling parameters changed and the same u.

        In a finished text, the last token stays if it is picked again; otherwise it is undone.
        """
        if self.is_finished:
            undone = self.undo().with_params(**params)
            is_same = undone.sampled.token == self.accepted[-1].token
            return undone.accept() if is_same else undone
        new = replace(self, params=replace(self.params, **params))
        if new.params == self.params:
            return self
        if not (self.params.temperature and new.params.temperature):
            return replace(new, pick_change=None)  # greedy before or after: u is not used
        return replace(new, pick_change=_explain_pick(self.sampled, new.sampled))

    def accept(self) -> "SamplingTrace":
        """Return the trace with the sampled token appended."""
        if self.is_finished:
            raise StateError("the text has ended; go back, or start over")
        token = AcceptedToken(self.sampled.token, self.draw, self.params, self.pick_change)
        accepted = (*self.accepted, token)
        return replace(
            self, accepted=accepted, draw=RandomDraw(), pick_change=None,
            target_length=len(accepted),
        )  # fmt: skip

    def accept_all(self) -> "SamplingTrace":
        """Return the trace with tokens appended until EOS or the limit of 16."""
        trace = self
        while not trace.is_finished:
            trace = trace.accept()
        return trace

    def undo(self) -> "SamplingTrace":
        """Return the trace without its last token; the draw of that token is restored."""
        if not self.accepted:
            raise StateError("no token has been drawn yet")
        accepted, last = self.accepted[:-1], self.accepted[-1]
        change = last.pick_change if last.params == self.params else None
        return replace(
            self, accepted=accepted, draw=last.draw, pick_change=change,
            target_length=len(accepted),
        )  # fmt: skip

    def with_new_draw(self) -> "SamplingTrace":
        """Return the trace with a new u for the current token only (if finished, the last one)."""
        step = self.current_step
        return replace(step, draw=RandomDraw(step.draw.draw_index + 1), pick_change=None)

    def with_fixed_u(self, u: float) -> "SamplingTrace":
        """Return the trace with u set by hand for the current token."""
        if not isinstance(u, Real) or not 0 <= u < 1:
            raise SettingError("u", "at least 0 and below 1", u)
        step = self.current_step
        return replace(step, draw=replace(step.draw, fixed_u=float(u)), pick_change=None)

    def restarted(self, **changes: Any) -> "SamplingTrace":
        """Return the trace at its prompt, with another prompt, seed or source if given."""
        start = {"source": self.source, "prompt": self.prompt, "seed": self.seed}
        return SamplingTrace(params=self.params, **(start | changes))

    def with_next_seed(self) -> "SamplingTrace":
        """Return another text: the trace at its prompt, with the next seed."""
        return self.restarted(seed=self.seed + 1)

    def with_seed(self, seed: int) -> "SamplingTrace":
        """Return the trace with another seed and the same number of tokens sampled."""
        trace = self.restarted(seed=seed)
        while len(trace.accepted) < self.target_length and not trace.is_finished:
            trace = trace.accept()
        return replace(trace, target_length=self.target_length)

    def view(self) -> SamplingView:
        """Return the current step as plain data for the picture."""
        return self._view

    @cached_property
    def _view(self) -> SamplingView:  # each state is drawn, and then the one that the next replaces
        step, source, nll = self.current_step, self.source, self.nll
        sampled = step.sampled
        ranked_ids, kept_mass = sampled.ranked_ids, 1.0
        if sampled.binding_filter is not None:
            kept_mass = float(step.sampled_without_filters.cumulative[sampled.num_kept - 1])
        check, memorization = source.memorization_check, None
        if check is not None:
            memorization = check(self.text) if self.reached_eos and self.text else ""
        return SamplingView(
            labels=source.labels,
            unit=source.unit,
            params=step.params,
            ranked_ids=ranked_ids,
            base_probs=sampled.base_probabilities[ranked_ids],
            probs=sampled.probabilities[ranked_ids],
            cumulative=sampled.cumulative,
            num_kept=sampled.num_kept,
            kept_mass=kept_mass,
            binding_filter=sampled.binding_filter,
            entropy=sampled.entropy,
            u=sampled.u,
            u_is_fixed=step.draw.fixed_u is not None,
            draw_index=step.draw.draw_index,
            picked_rank=sampled.rank,
            pick_change=None if self.is_finished else step.pick_change,
            context=source.pieces(step.text_ids),
            text=source.pieces(self.text_ids),
            num_new_tokens=len(self.accepted),
            reached_eos=self.reached_eos,
            is_finished=self.is_finished,
            has_bos=source.eos_token_id is not None,
            is_fixed_row=not isinstance(source, TextLogits),
            nll=nll,
            uniform_nll=None if nll is None else self._num_scored * log(source.vocab_size),
            memorization=memorization,
            note=source.note,
        )


def _explain_pick(old: SampledToken, new: SampledToken) -> PickChange | None:
    """Return why another token was picked with the same u; None if the pick did not change."""
    if new.token == old.token:
        return None
    edge_rank = min(old.rank, new.rank)  # the upper edge of this rank passed u
    return PickChange(
        old.token, new.token, int(new.ranked_ids[edge_rank]),
        float(old.cumulative[edge_rank]), float(new.cumulative[edge_rank]),
    )  # fmt: skip


def texts_by_seed(trace: SamplingTrace, seeds: Iterable[int]) -> list[tuple[int, str, str]]:
    """Sample two texts per seed: one with the trace's parameters, one at T = 1 without filters."""
    rows = []
    for seed in seeds:
        start = trace.restarted(seed=seed)
        unfiltered = replace(start, params=UNFILTERED)
        rows.append((seed, _finished_text(start), _finished_text(unfiltered)))
    return rows


def _finished_text(trace: SamplingTrace) -> str:
    """Sample the text to its end; append its memorization label if it reached EOS."""
    finished, check = trace.accept_all(), trace.source.memorization_check
    separator = "" if isinstance(trace.source, TextLogits) else " · "
    text = separator.join(map(visible, trace.source.pieces(finished.text_ids)))
    if check is None or not text or not finished.reached_eos:
        return labelled_text(text, "")
    return labelled_text(text, memorization_mark(check(finished.text)))

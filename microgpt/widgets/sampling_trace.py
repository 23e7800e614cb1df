"""`SamplingTrace`: a text sampled token by token, in which every step can be looked at and undone.

Immutable: each method returns another trace.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np

from microgpt.config import SampleConfig
from microgpt.errors import SettingError, StateError
from microgpt.sampling import SampledToken, next_token, uniform
from microgpt.viz.formatting import visible
from microgpt.viz.sample_table import labelled_text
from microgpt.viz.sampler import PickChange, SamplingView
from microgpt.widgets.logits_source import LogitsSource, ModelLogits
from microgpt.widgets.token_scores import UNFILTERED, sampler_settings, score_tokens, total_nll

MAX_NEW_TOKENS = 16  # the caption says "Sixteen"


@dataclass(frozen=True)
class Draw:
    """The random number of one token: how often it was drawn again, or the u set by hand."""

    draw_index: int = 0
    fixed_u: float | None = None


@dataclass(frozen=True)
class AcceptedToken:
    """A token that was accepted, with what is needed to undo it."""

    token: int
    draw: Draw
    params: SampleConfig
    pick_change: PickChange | None


@dataclass(frozen=True)
class SamplingTrace:
    """A text that grows by the rules of `generate`, and the next token it would sample.

    At most 16 tokens are sampled after the `prompt`. The u of position t is
    `uniform(seed, t, draw_index)`, or set by hand; no sampling parameter changes it.
    """

    source: LogitsSource
    prompt: str = ""
    params: SampleConfig = UNFILTERED
    seed: int = 1
    accepted: tuple[AcceptedToken, ...] = ()
    draw: Draw = Draw()
    pick_change: PickChange | None = None
    target_length: int = 0  # tokens accepted by hand: another seed samples as many again
    prompt_ids: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        uniform(self.seed, 0)  # checks the seed
        object.__setattr__(self, "prompt_ids", self.source.encode_prompt(self.prompt))

    @property
    def token_ids(self) -> tuple[int, ...]:
        """All tokens so far, BOS included."""
        return self.prompt_ids + tuple(accepted.token for accepted in self.accepted)

    @property
    def text_ids(self) -> tuple[int, ...]:
        """The tokens that a reader sees: the prompt as typed, then the sampled ones without EOS."""
        sampled = [accepted.token for accepted in self.accepted]
        text = [token for token in sampled if token != self.source.eos_token_id]
        return (*self.source.encode_text(self.prompt), *text)

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self.source.labels[token] for token in self.text_ids)

    @property
    def reached_eos(self) -> bool:
        """Whether the end-of-text token was sampled."""
        return bool(self.accepted) and self.accepted[-1].token == self.source.eos_token_id

    @property
    def is_finished(self) -> bool:
        """Whether no token can follow."""
        return self.reached_eos or len(self.accepted) >= MAX_NEW_TOKENS

    @property
    def current_step(self) -> "SamplingTrace":
        """The trace before the token to look at: of a finished text, its last."""
        return self.undo() if self.is_finished else self

    @property
    def u(self) -> float:
        """The number in [0, 1) that picks the next token."""
        if self.draw.fixed_u is not None:
            return self.draw.fixed_u
        return uniform(self.seed, len(self.token_ids), self.draw.draw_index)

    @cached_property
    def sampled(self) -> SampledToken:
        """The next token, with everything that led to it."""
        settings = sampler_settings(self.params, self.source.vocab_size)
        return next_token(self._logits, **settings, u=self.u)

    @cached_property
    def sampled_without_filters(self) -> SampledToken:
        """The same by the temperature alone."""
        return next_token(self._logits, temperature=self.params.temperature, u=self.u)

    @property
    def _logits(self) -> np.ndarray:
        return self.source.next_token_logits(len(self.prompt_ids), self.token_ids)

    @property
    def nll(self) -> float | None:
        """The negative log-likelihood of the text so far in nats, EOS included if it was reached.

        None for a text that no model made, that is longer than the block or empty, or whose first
        token has no probability because no BOS precedes the prompt.
        """
        source = self.source
        if not isinstance(source, ModelLogits) or len(self.token_ids) > source.block_size + 1:
            return None
        if source.eos_token_id is None and self.prompt:
            return None
        start = len(source.encode_prompt(""))
        scores = score_tokens(source, self.token_ids[:start], self.token_ids[start:], self.params)
        return total_nll(scores) if scores else None

    def with_params(self, **params: Any) -> "SamplingTrace":
        """With some sampling parameters changed and the same u.

        The last token of a finished text stays if it is picked again; else it is undone.
        """
        if self.is_finished:
            undone = self.undo().with_params(**params)
            is_same = undone.sampled.token == self.accepted[-1].token
            return undone.accept() if is_same else undone
        new = replace(self, params=replace(self.params, **params))
        if not (self.params.temperature and new.params.temperature):
            return replace(new, pick_change=None)  # greedy, before or after
        change = _explain_pick(self.sampled, new.sampled, self.pick_change)
        return replace(new, pick_change=change)

    def accept(self) -> "SamplingTrace":
        """With the sampled token appended."""
        if self.is_finished:
            raise StateError("the text has ended; go back, or start over")
        token = AcceptedToken(self.sampled.token, self.draw, self.params, self.pick_change)
        accepted = (*self.accepted, token)
        return replace(
            self, accepted=accepted, draw=Draw(), pick_change=None, target_length=len(accepted)
        )

    def accept_all(self) -> "SamplingTrace":
        """With tokens appended until EOS or the limit of 16."""
        trace = self
        while not trace.is_finished:
            trace = trace.accept()
        return trace

    def undo(self) -> "SamplingTrace":
        """Without the last token, its u as it was."""
        if not self.accepted:
            raise StateError("no letter has been drawn yet")
        accepted, last = self.accepted[:-1], self.accepted[-1]
        change = last.pick_change if last.params == self.params else None
        return replace(
            self, accepted=accepted, draw=last.draw, pick_change=change,
            target_length=len(accepted),
        )  # fmt: skip

    def redrawn(self) -> "SamplingTrace":
        """With another u for this token only (of a finished text: for its last)."""
        step = self.current_step
        return replace(step, draw=Draw(step.draw.draw_index + 1), pick_change=None)

    def with_fixed_u(self, u: float) -> "SamplingTrace":
        """With u set by hand for this token."""
        if not isinstance(u, Real) or not 0 <= u < 1:
            raise SettingError("u", "at least 0 and below 1", u)
        step = self.current_step
        return replace(step, draw=replace(step.draw, fixed_u=float(u)), pick_change=None)

    def restarted(self, **changes: Any) -> "SamplingTrace":
        """From the prompt on, with another prompt, seed or source if given."""
        start = {"source": self.source, "prompt": self.prompt, "seed": self.seed}
        return SamplingTrace(params=self.params, **(start | changes))

    def with_seed(self, seed: int) -> "SamplingTrace":
        """With another seed for all tokens, as many of them sampled as before."""
        trace = self.restarted(seed=seed)
        while len(trace.accepted) < self.target_length and not trace.is_finished:
            trace = trace.accept()
        return replace(trace, target_length=self.target_length)

    def view(self) -> SamplingView:
        """The current step as plain data for the picture."""
        step, sampled, source = self.current_step, self.current_step.sampled, self.source
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
            picked_rank=sampled.rank,
            pick_change=None if self.is_finished else step.pick_change,
            context_ids=step.text_ids,
            text_ids=self.text_ids,
            num_new_tokens=len(self.accepted),
            reached_eos=self.reached_eos,
            is_finished=self.is_finished,
            has_bos=source.eos_token_id is not None,
            nll=self.nll,
            memorization=memorization,
            note=source.note,
        )


def _explain_pick(
    old: SampledToken, new: SampledToken, previous: PickChange | None
) -> PickChange | None:
    """Why another token was picked with the same u; while the pick stays, the previous reason."""
    if new.token == old.token:
        if previous is None or previous.new_token != new.token:
            return None
        edge_rank = int(np.flatnonzero(new.ranked_ids == previous.edge_token)[0])
        return replace(previous, edge_after=float(new.cumulative[edge_rank]))
    edge_rank = min(old.rank, new.rank)  # its upper edge is the one that passed u
    return PickChange(
        old.token, new.token, int(new.ranked_ids[edge_rank]),
        float(old.cumulative[edge_rank]), float(new.cumulative[edge_rank]),
    )  # fmt: skip


def texts_by_seed(trace: SamplingTrace, seeds: Iterable[int]) -> list[tuple[int, str, str]]:
    """For each seed: a text with the trace's parameters, and one at T = 1 without filters."""
    rows = []
    for seed in seeds:
        start = trace.restarted(seed=seed)
        unfiltered = replace(start, params=UNFILTERED)
        rows.append((seed, _finished_text(start), _finished_text(unfiltered)))
    return rows


def _finished_text(trace: SamplingTrace) -> str:
    """The text sampled to its end, with its memorization label if it reached EOS."""
    finished, check = trace.accept_all(), trace.source.memorization_check
    separator = "" if trace.source.unit == "letter" else " · "
    text = separator.join(visible(trace.source.labels[token]) for token in finished.text_ids)
    if check is None or not text or not finished.reached_eos:
        return labelled_text(text, "")
    return labelled_text(text, check(finished.text))

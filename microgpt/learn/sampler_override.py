"""A learner's `sample`, or `temperature` and `top_k`, in the place of the library's choice."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.errors import SettingError, ShapeError, TokenError
from microgpt.learn.messages import pluralize, format_message
from microgpt.learn.parsers import ParseError, array, whole
from microgpt.learn.usage_report import COMPARED, UsageReport
from microgpt.sampling import next_token

NAMES = ("sample", "temperature", "top_k")


class SamplerOverride:
    """Chooses each token with the learner's functions and compares it with `next_token`."""

    def __init__(self, functions: dict[str, Callable[..., Any]], report: UsageReport):
        if "sample" in functions and len(functions) > 1:
            raise SettingError("sample makes the whole choice; give it alone, without temperature")
        self.functions, self.report = functions, report

    def choose(self, logits: Any, *, temperature: float, top_k: int | None, top_p: float | None,
               min_p: float, u: float) -> int:  # fmt: skip
        """The token that the learner's functions choose."""
        if (top_p is not None and top_p < 1) or min_p > 0:
            names = " and ".join(self.functions)
            raise SettingError(f"your {names} knows no top_p and no min_p; leave them off")
        expected = next_token(logits, temperature, top_k, u=u)
        if "sample" in self.functions:
            k = len(logits) if top_k is None else top_k
            token = self._token(self._call("sample", logits, temperature, k, u), len(logits))
        else:
            token = self._token(self._cut_and_picked(logits, temperature, top_k, u), len(logits))
        self.report.picks.append((token, expected.token))
        return token

    def _cut_and_picked(self, logits: Any, heat: float, k: int | None, u: float) -> int:
        chances = next_token(logits, heat).probabilities
        if "temperature" in self.functions and heat > 0:
            chances = self._chances("temperature", chances, logits, heat)
        if k is not None:
            uncut, chances = chances, _cut(chances, k)
            if "top_k" in self.functions:
                chances = self._chances("top_k", chances, uncut, k)
        order = np.argsort(-chances, kind="stable")
        rank = int(np.searchsorted(np.cumsum(chances[order]), u, side="right"))
        return int(order[min(rank, len(order) - 1)])

    def _chances(self, name: str, library: np.ndarray, *arguments: Any) -> np.ndarray:
        value, tally = self._call(name, *arguments), self.report.tallies[name]
        try:
            chances = array(value)
        except ParseError as error:
            raise SettingError(f"your {name} must return {error}; got {value!r}") from None
        if chances.shape != library.shape:
            raise ShapeError(f"your {name} must return shape {library.shape}; got {chances.shape}")
        tally.what = "chances"
        if tally.compared < COMPARED:
            tally.compare(chances, library)
        return chances

    def _call(self, name: str, first: Any, *rest: Any) -> Any:
        self.report.tallies[name].calls += 1
        return self.functions[name](np.array(first), *rest)

    def _token(self, value: Any, size: int) -> int:
        try:
            token = whole(value)
        except ParseError as error:
            raise SettingError(f"your sample must return {error}; got {value!r}") from None
        if not 0 <= token < size:
            raise TokenError(f"your sample must return a token from 0 to {size - 1}; got {token}")
        return token

    def why_not(self, name: str) -> str:
        """Why that function never ran, in one sentence."""
        if not self.report.picks:
            return format_message("using", "nothing_sampled", names=f"your {name}")
        key = "why_greedy" if name == "temperature" else "why_uncut"
        return format_message("using", "not_asked", names=f"your {name}",
                        count=pluralize(len(self.report.picks), "token"),
                        why=format_message("using", key))  # fmt: skip


def _cut(chances: np.ndarray, k: int) -> np.ndarray:
    """The k largest, ties by lower id, made to sum to 1 again."""
    kept, stay = np.zeros(len(chances)), np.argsort(-chances, kind="stable")[:k]
    kept[stay] = chances[stay]
    with np.errstate(all="ignore"):
        return kept / kept.sum()

"""Override the sampler with a learner's `sample`, or with `temperature` and `top_k`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from microgpt.errors import Described, SettingError, ShapeError, TokenError
from microgpt.learn.messages import format_message, message_section
from microgpt.learn.parsers import ParseError, array, integer
from microgpt.learn.usage_report import MAX_COMPARISONS, UsageReport
from microgpt.plain_text import join_and, pluralize
from microgpt.sampling import next_token

NAMES = ("sample", "temperature", "top_k")


class SamplerOverride:
    """Samples each token with the learner's functions and compares it with `next_token`."""

    def __init__(self, functions: dict[str, Callable[..., Any]], report: UsageReport):
        if "sample" in functions and len(functions) > 1:
            raise SettingError(
                "sample",
                "given alone, because it does what temperature and top_k do",
                Described(", ".join(functions)),
            )
        self.functions, self.report = functions, report

    def choose(self, logits: Any, *, temperature: float, top_k: int | None, top_p: float | None,
               min_p: float, u: float) -> int:  # fmt: skip
        """Return the token that the learner's functions sample from logits (V,)."""
        if (top_p is not None and top_p < 1) or min_p > 0:
            names = join_and(self.functions)
            raise SettingError(
                ("top_p", "min_p"),
                f"left out, since your {names} has no such arguments",
                (top_p, min_p),
            )
        expected = next_token(logits, temperature, top_k, u=u)
        if "sample" in self.functions:
            k = len(logits) if top_k is None else top_k
            token = self._check_token(self._call("sample", logits, temperature, k, u), len(logits))
        else:
            token = self._sample(logits, temperature, top_k, u)
        self.report.tokens.append((token, expected.token))
        return token

    def _sample(self, logits: Any, temperature: float, top_k: int | None, u: float) -> int:
        """Sample from the learner's probabilities: the first rank whose cumulative sum is > u."""
        probs = next_token(logits, temperature).probabilities
        if "temperature" in self.functions and temperature > 0:
            probs = self._probabilities("temperature", probs, logits, temperature)
        if top_k is not None:
            expected = _keep_top_k(probs, top_k)
            if "top_k" in self.functions:
                probs = self._probabilities("top_k", expected, probs, top_k)
            else:
                probs = expected
        order = np.argsort(-probs, kind="stable")
        rank = int(np.searchsorted(np.cumsum(probs[order]), u, side="right"))
        return int(order[min(rank, len(order) - 1)])

    def _probabilities(self, name: str, expected: np.ndarray, *arguments: Any) -> np.ndarray:
        """Return the probabilities of a learner's function; compare them with the expected ones."""
        value, stats = self._call(name, *arguments), self.report.stats[name]
        try:
            probs = array(value)
        except ParseError as error:
            raise SettingError(f"the result of your {name}", str(error), value) from None
        if probs.shape != expected.shape:
            raise ShapeError(f"your {name} must return shape {expected.shape}; got {probs.shape}")
        stats.result_name = "probabilities"
        if stats.num_compared < MAX_COMPARISONS:
            stats.compare(probs, expected)
        return probs

    def _call(self, name: str, vector: Any, *settings: Any) -> Any:
        self.report.stats[name].num_calls += 1
        return self.functions[name](np.array(vector), *settings)

    def _check_token(self, value: Any, vocab_size: int) -> int:
        try:
            token = integer(value)
        except ParseError as error:
            raise SettingError("the result of your sample", str(error), value) from None
        if not 0 <= token < vocab_size:
            raise TokenError(
                f"your sample must return a token from 0 to {vocab_size - 1}; got {token}"
            )
        return token

    def why_not_called(self, name: str) -> str:
        """Explain in one sentence why the function never ran."""
        if not self.report.tokens:
            return format_message("using", "no_token_sampled", name=f"your {name}")
        key = "reason_greedy" if name == "temperature" else "reason_no_top_k"
        return format_message(
            "using",
            "not_called",
            name=f"your {name}",
            count=pluralize(len(self.report.tokens), "token"),
            reason=message_section("using")[key],
        )


def _keep_top_k(probs: np.ndarray, k: int) -> np.ndarray:
    """Return the k largest probabilities, normalised, and 0 elsewhere; ties go to lower ids."""
    kept, ids = np.zeros(len(probs)), np.argsort(-probs, kind="stable")[:k]
    kept[ids] = probs[ids]
    with np.errstate(all="ignore"):
        return kept / kept.sum()

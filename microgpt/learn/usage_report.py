"""`UsageReport`: compare calls, results and losses of a learner's functions with the library's."""

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from microgpt.learn.html import Card, card_html
from microgpt.learn.messages import format_message, message_section
from microgpt.plain_text import pluralize

TOLERANCE = 1e-4  # relative; float32 sums in another order differ by much less
GRADIENT_TOLERANCE = 1e-3
MAX_COMPARISONS = 10  # calls of each function, and losses

Clause = tuple[str, str]  # a symbol, and what is said
FACT, SAME, DIFFERENT = "·", "✓", "✗"


@dataclass
class CallStats:
    """Statistics of one function: its number of calls, and how its first results compare.

    `differentiable` is whether it returns Tensors; None before its first call and for samplers.
    With `has_rule`, a backward rule was given for it, so it gets arrays and returns the values.
    `num_passes` counts the backward passes that asked for it, if it is a backward rule itself.
    """

    num_calls: int = 0
    num_compared: int = 0
    max_difference: float = 0.0
    result_name: str = "results"
    differentiable: bool | None = None
    has_rule: bool = False
    num_passes: int = 0

    def compare(self, got: Any, expected: Any) -> None:
        """Compare one result; update the largest difference, relative to max(1, |expected|)."""
        got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
        self.num_compared += 1
        with np.errstate(all="ignore"):
            difference = np.abs(got - expected) / np.maximum(1.0, np.abs(expected))
        equal = (got == expected) | (np.isnan(got) & np.isnan(expected))
        difference = np.where(np.isnan(difference), np.inf, difference)
        difference = np.where(equal, 0.0, difference)
        self.max_difference = max(self.max_difference, float(difference.max(initial=0.0)))


@dataclass
class UsageReport:
    """Calls, sampled tokens, losses and the first gradient, compared with the library's.

    `losses` and `tokens` are pairs (yours, library's); `gradient_error` is the relative error of
    the first gradient, None without training. `pass_errors` are those of the first backward passes
    in which backward rules ran. A notebook displays the report as a card.
    """

    stats: dict[str, CallStats] = field(default_factory=dict)
    losses: list[tuple[float, float]] = field(default_factory=list)
    tokens: list[tuple[int, int]] = field(default_factory=list)
    gradient_error: float | None = None
    pass_errors: list[float] = field(default_factory=list)
    is_comparing: bool = False  # a gradient is computed only to compare: its passes do not count

    @property
    def calls(self) -> dict[str, int]:
        """The number of calls of each function."""
        return {name: stats.num_calls for name, stats in self.stats.items()}

    @property
    def matches_library(self) -> bool:
        """Whether all comparisons so far are within the tolerances."""
        return (
            all(stats.max_difference <= TOLERANCE for stats in self.stats.values())
            and all(yours == library for yours, library in self.tokens)
            and self._loss_difference() <= TOLERANCE
            and (self.gradient_error is None or self.gradient_error <= GRADIENT_TOLERANCE)
            and max(self.pass_errors, default=0.0) <= GRADIENT_TOLERANCE
        )

    def _loss_difference(self) -> float:
        differences = (abs(yours - library) for yours, library in self.losses)
        return max((np.inf if np.isnan(d) else d for d in differences), default=0.0)

    def __str__(self) -> str:
        return " ".join(_sentence(clause) for _, clause in self._clauses())

    def _clauses(self) -> list[Clause]:
        functions = [clause for name in self.stats for clause in self._function_clauses(name)]
        return [*functions, *self._token_clauses(), *self._training_clauses()]

    def _function_clauses(self, name: str) -> list[Clause]:
        stats = self.stats[name]
        count = pluralize(stats.num_calls, "time")
        each, rest = divmod(stats.num_calls, max(stats.num_passes, 1))
        is_per_pass = stats.num_passes > 1 and each > 1 and not rest
        key, passes = "num_calls_per_pass" if is_per_pass else "num_calls", stats.num_passes
        values = {"count": count, "each": f"{each:,}", "passes": f"{passes:,}"}
        clauses = [(FACT, format_message("using", key, name=name, **values))]
        if stats.differentiable is not None:
            without = "own_rule" if stats.has_rule else "arrays_only"
            key = "differentiable" if stats.differentiable else without
            clauses.append((FACT, format_message("using", key, name=name)))
        if stats.num_compared:
            extent = "first" if stats.num_compared < stats.num_calls else "all"
            if stats.num_calls == 1:
                extent = "one"
            which = format_message(
                "using",
                f"results_of_{extent}",
                count=f"{stats.num_compared:,}",
                results=stats.result_name,
            )
            clauses.append(
                _comparison("results", stats.max_difference, TOLERANCE, "differ", which=which)
            )
        return clauses

    def _token_clauses(self) -> list[Clause]:
        if not self.tokens:
            return []
        count = f"{len(self.tokens):,}"
        different = [
            (position, yours, library)
            for position, (yours, library) in enumerate(self.tokens, 1)
            if yours != library
        ]
        if not different:
            key = "token_equal" if len(self.tokens) == 1 else "tokens_equal"
            return [(SAME, format_message("using", key, count=count))]
        position, got, expected = different[0]
        message = format_message(
            "using",
            "tokens_differ",
            num_different=f"{len(different):,}",
            count=count,
            position=f"{position:,}",
            got=got,
            expected=expected,
        )
        return [(DIFFERENT, message)]

    def _training_clauses(self) -> list[Clause]:
        clauses = []
        if self.losses:
            yours, library = self.losses[-1]
            compared = ""
            if len(self.losses) > 1:
                compared = format_message("using", "losses_compared", count=len(self.losses))
            values = {"yours": yours, "library": library, "compared": compared}
            difference = self._loss_difference()
            clauses.append(_comparison("losses", difference, TOLERANCE, "differ", **values))
        error = self.gradient_error
        if error is not None:
            percent = 100 * error
            clauses.append(
                _comparison("gradient", error, GRADIENT_TOLERANCE, "differs", percent=percent)
            )
        if self.pass_errors:
            first, largest = self.pass_errors[0], max(self.pass_errors)
            count = len(self.pass_errors)
            subject, verb = ("pass", "differs") if count == 1 else ("passes", "differ")
            values = {"first": _share(first), "largest": _share(largest), "count": count}
            clauses.append(_comparison(subject, largest, GRADIENT_TOLERANCE, verb, **values))
        return clauses

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        clauses, texts = self._clauses(), message_section("using")
        title = texts["no_function"]
        if self.stats:
            title = format_message("using", "title", names=", ".join(self.stats))
        tone, symbol, sentence = "plain", "ƒ", texts["not_compared"]
        if any(mark != FACT for mark, _ in clauses):
            is_same = self.matches_library
            tone, symbol = ("correct", SAME) if is_same else ("not yet", DIFFERENT)
            sentence = texts["matches" if is_same else "differs"]
        points = tuple((mark, _sentence(text)) for mark, text in clauses)
        return card_html(Card(tone, symbol, title, sentence=sentence, points=points))


def _comparison(
    subject: str, difference: float, tolerance: float, verb: str, **values: Any
) -> Clause:
    """Return a comparison with the library's results, losses or gradient as a clause."""
    is_same = difference <= tolerance
    ending = "equal" if is_same else verb if isfinite(difference) else "infinite"
    message = format_message("using", f"{subject}_{ending}", difference=difference, **values)
    return (SAME if is_same else DIFFERENT), message


def _sentence(clause: str) -> str:
    return clause[:1].upper() + clause[1:] + "."


def _share(error: float) -> str:
    """Format a relative error in per cent; a broken rule may give one of billions."""
    return f"{100 * error:.1f} %" if error < 10 else "more than 1,000 %"


def relative_error(yours: np.ndarray, library: np.ndarray) -> float:
    """Return the norm of the difference, relative to the norm of the library's gradient."""
    error = float(np.linalg.norm(yours - library)) / max(float(np.linalg.norm(library)), 1e-30)
    return float("inf") if np.isnan(error) else error

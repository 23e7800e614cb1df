"""What the referee says, whether the result is right in each order, and the counts."""

from microgpt.plain_text import pluralize
from microgpt.viz.html import Markup, tag
from microgpt.viz.thread_theatre.data import OrderResult, Scene, Verdict
from microgpt.viz.thread_theatre.wording import VERDICTS, traffic_text

RIGHT, WRONG = "✓", "✗"


def render_referee(scene: Scene) -> Markup:
    """Return rows of a label and a text."""
    rows = [
        _row("Referee", *map(_verdict, scene.verdicts)),
        _row("Result", *(_result(result, scene) for result in scene.results)),
        _row("All lines", tag("span", total_text(scene))),
    ]
    if scene.line is not None:
        rows.append(_row(f"Line {scene.line}", tag("span", traffic_text(scene.line_traffic))))
    return tag("div", *rows, css_class="referee")


def verdict_text(verdict: Verdict) -> str:
    """Return a verdict: "✓ no race" or "✗ race"."""
    return (
        f"{WRONG if verdict.is_found else RIGHT} {VERDICTS[verdict.finding_type][verdict.is_found]}"
    )


def result_text(result: OrderResult, scene: Scene) -> str:
    """Return the result in one order: "✗ in step: out[0] = 1, not 64"."""
    if result.is_right is None:
        return f"{result.order}: {result.numbers}"
    if result.is_right:
        return f"{RIGHT} {result.order}: {result.numbers}"
    expected = f", not {scene.expected}" if scene.expected else ""
    return f"{WRONG} {result.order}: {result.numbers}{expected}"


def total_text(scene: Scene) -> str:
    """Return the counts of all lines, and how often threads wait."""
    return f"{traffic_text(scene.total)} · {pluralize(scene.num_barriers, 'barrier')}"


def _row(label: str, *parts: Markup) -> Markup:
    return tag(
        "div", tag("span", label, css_class="lab"), tag("div", *parts, css_class="items"),
        css_class="fact",
    )  # fmt: skip


def _verdict(verdict: Verdict) -> Markup:
    return tag("span", verdict_text(verdict), css_class="bad" if verdict.is_found else "fine")


def _result(result: OrderResult, scene: Scene) -> Markup:
    looks = {True: "fine", False: "bad", None: "open"}[result.is_right]
    is_shown = " shown" * (result.order == scene.order)
    return tag("span", result_text(result, scene), css_class=looks + is_shown)

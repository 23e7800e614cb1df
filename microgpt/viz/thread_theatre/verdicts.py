"""What the interpreter says, whether the result is right in each order, and the counts."""

from microgpt.plain_text import pluralize
from microgpt.viz.html import Markup, tag
from microgpt.viz.thread_theatre.caption import exercise_note
from microgpt.viz.thread_theatre.data import OrderResult, Scene, Verdict
from microgpt.viz.thread_theatre.wording import VERDICTS, traffic_text

RIGHT, WRONG, SEE = "✓", "✗", "\u2013"


def render_verdicts(scene: Scene) -> Markup:
    """Return rows of a label and a text."""
    rows = [
        _row("Interpreter", *map(_verdict, scene.verdicts)),
        _row("Result", *(_result(result, scene) for result in scene.results)),
    ]
    rows += [_row(label, tag("span", text)) for label, text in count_rows(scene)]
    if scene.exercise:
        rows.append(_row("Exercise", tag("span", exercise_note(scene))))
    return tag("div", *rows, css_class="verdicts")


def count_rows(scene: Scene) -> list[tuple[str, str]]:
    """Return the label and the text of each row of counts, if they are shown."""
    if not scene.has_counts:
        return []
    rows = [("All lines", total_text(scene))]
    if scene.line is not None:
        rows.append((f"Line {scene.line}", traffic_text(scene.line_traffic)))
    return rows


def verdict_text(verdict: Verdict) -> str:
    """Return a verdict: "✓ no race", "✗ race", or that another one tells it."""
    if verdict.other_type:
        return f"{SEE} {VERDICTS[verdict.finding_type][True]}: see {verdict.other_type}"
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


def _verdict_class(verdict: Verdict) -> str:
    if verdict.other_type:
        return "open"
    return "bad" if verdict.is_found else "fine"


def _verdict(verdict: Verdict) -> Markup:
    return tag("span", verdict_text(verdict), css_class=_verdict_class(verdict))


def _result(result: OrderResult, scene: Scene) -> Markup:
    looks = {True: "fine", False: "bad", None: "open"}[result.is_right]
    is_shown = " shown" * (result.order == scene.order)
    return tag("span", result_text(result, scene), css_class=looks + is_shown)

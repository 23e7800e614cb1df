"""`RaceTable`: kernels with a race in several orders of their threads, results beside findings."""

from collections.abc import Sequence
from dataclasses import dataclass

from microgpt.plain_text import pluralize, text_table
from microgpt.viz.html import Markup, tag
from microgpt.viz.looks import style_sheet

QUESTION = "Does a result show that a kernel is wrong?"
RIGHT, WRONG = "right", "✗ wrong"
RACE = "race"


@dataclass(frozen=True)
class RaceRow:
    """A kernel: what it computes, its mistake, and what happened, for each order of its threads.

    `results` says whether the numbers were right; `findings` has the types of what was found.
    """

    task: str
    mistake: str
    results: tuple[bool, ...]
    findings: tuple[tuple[str, ...], ...]

    @property
    def races_found(self) -> int:
        """In how many orders a race was found."""
        return sum(RACE in found for found in self.findings)


class RaceTable:
    """A table that a notebook displays: a row for each kernel, a column for each of `orders`.

    `controls` are the same computations without a mistake; only the caption has them.
    """

    def __init__(
        self, orders: Sequence[str], rows: Sequence[RaceRow], controls: Sequence[RaceRow] = ()
    ):
        self.orders, self.rows, self.controls = tuple(orders), tuple(rows), tuple(controls)

    @property
    def num_right(self) -> int:
        """How many results of the kernels with a race are right."""
        return sum(sum(row.results) for row in self.rows)

    @property
    def num_results(self) -> int:
        """How many results there are."""
        return len(self.rows) * len(self.orders)

    @property
    def caption(self) -> str:
        """What the results show, and what the findings show, in sentences made from both."""
        found = [row for row in self.rows if row.races_found == len(self.orders)]
        sentences = [
            f"{self.num_right} of {self.num_results} results are right.",
            f"The interpreter reports a race in {len(found)} of {len(self.rows)} kernels, "
            "in every order.",
        ]  # fmt: skip
        if self.controls:
            results = [result for row in self.controls for result in row.results]
            count = sum(bool(found) for row in self.controls for found in row.findings)
            verb = "is" if count == 1 else "are"
            what = f"{pluralize(count, 'run')} {verb} reported" if count else "nothing is reported"
            sentences.append(
                f"Without the mistakes, {sum(results)} of {len(results)} results are right, and "
                f"{what}."
            )
        return " ".join(sentences)

    def _found(self, row: RaceRow) -> str:
        count = row.races_found
        if count == len(self.orders):
            return "a race, in every order"
        return f"a race, in {pluralize(count, 'order')}" if count else "nothing"

    def __repr__(self) -> str:
        """Return the table as plain text, one line for each kernel, and the caption."""
        table = [["", "", *self.orders, "found"]]
        table += [
            [row.task, row.mistake, *(RIGHT if is_right else WRONG for is_right in row.results),
             self._found(row)]
            for row in self.rows
        ]  # fmt: skip
        return "\n".join([*text_table(table), "", self.caption])

    def _repr_html_(self) -> str:
        columns = ("kernel", *self.orders, "the interpreter reports")
        head = tag("tr", *(tag("th", name, scope="col") for name in columns))
        rows = (
            tag("tr", tag("th", row.task, tag("span", row.mistake, css_class="meaning"),
                          scope="row"),
                *map(_cell, row.results), tag("td", self._found(row), css_class="found"))
            for row in self.rows
        )  # fmt: skip
        table = tag("table", tag("thead", head), tag("tbody", *rows))
        caption = tag("p", self.caption, css_class="say")
        body = tag("div", tag("h3", QUESTION, css_class="q"), table, caption,
                   css_class="race-card")  # fmt: skip
        return f'<style>{style_sheet("base", "race")}</style><div class="mg">{body}</div>'


def _cell(is_right: bool) -> Markup:
    text = RIGHT if is_right else WRONG
    return tag("td", text, css_class="" if is_right else "is-wrong")

"""`MuseumTable`: right and wrong backward passes on several graphs, as a table of gradients."""

from collections.abc import Mapping, Sequence
from itertools import chain, combinations

from microgpt.plain_text import join_and
from microgpt.viz.html import Markup, tag
from microgpt.viz.looks import style_sheet

QUESTION = "Which graph catches which wrong pass?"
LEGEND = "Each cell holds the gradient with respect to a, or to a and b."
ANSWER = "The answer"
WRONG = "✗ wrong"
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

Gradients = tuple[float, ...]


class MuseumTable:
    """A table that a notebook displays: a row for each backward pass, a column for each graph.

    `rows[pass][graph]` are the gradients that a pass gives on a graph, one for each leaf; the first
    pass is the right one. `formulas[graph]` says what is computed, with numbers for the leaves;
    `meanings[pass]` says in a few words what a pass does.
    """

    def __init__(
        self,
        rows: Mapping[str, Mapping[str, Gradients]],
        formulas: Mapping[str, Sequence[str]],
        meanings: Mapping[str, str] | None = None,
    ):
        self.rows = {name: dict(cells) for name, cells in rows.items()}
        self.formulas = {graph: tuple(lines) for graph, lines in formulas.items()}
        self.meanings = dict(meanings or {})
        self.right = next(iter(self.rows))

    def is_wrong(self, name: str, graph: str) -> bool:
        """Whether a pass gives other gradients than the right one."""
        return self.rows[name][graph] != self.rows[self.right][graph]

    def catches(self, graph: str) -> tuple[str, ...]:
        """Return the passes that are seen to be wrong on a graph."""
        return tuple(name for name in self.rows if self.is_wrong(name, graph))

    @property
    def caption(self) -> str:
        """Which graph catches which pass, in sentences that are made from the gradients."""
        wrong = [name for name in self.rows if name != self.right]
        total = _number(len(wrong))
        sentences = []
        for graph in self.formulas:
            caught = self.catches(graph)
            if not caught:
                sentences.append(f"{_named(graph)} catches none of the {total} wrong passes.")
            elif graph.isalpha():  # one with a name of its own is known, and trusted
                sentences.append(f"{_named(graph)} catches {_number(len(caught))} of the {total}.")
                sentences += [self._missed(name) for name in wrong if name not in caught]
        if enough := self._smallest_set(wrong):
            verb = "catches" if len(enough) == 1 else "catch"
            sentences.append(f"Together, {join_and(enough)} {verb} all {total}.")
        return " ".join(sentences)

    def _missed(self, name: str) -> str:
        others = [graph for graph in self.formulas if self.is_wrong(name, graph)]
        if not others:
            return f"It misses {name}, as every graph here does."
        only = "only " if len(others) == 1 else ""
        verb = "catches" if len(others) == 1 else "catch"
        return f"It misses {name}, which {only}{join_and(others)} {verb}."

    def _smallest_set(self, wrong: Sequence[str]) -> tuple[str, ...]:
        """Return the fewest graphs that catch every wrong pass, the last of equally few."""
        graphs = list(reversed(self.formulas))
        for size in range(1, len(graphs) + 1):
            for chosen in combinations(graphs, size):
                if set(chain(*map(self.catches, chosen))) == set(wrong):
                    return tuple(reversed(chosen))
        return ()

    def _cell(self, name: str, graph: str) -> str:
        gradients = ", ".join(f"{gradient:g}" for gradient in self.rows[name][graph])
        return f"{gradients} {WRONG}" if self.is_wrong(name, graph) else gradients

    def __repr__(self) -> str:
        """Return the table as plain text, one line for each pass; its caption is the answer."""
        table = [["", *self.formulas]]
        table += [[name, *(self._cell(name, graph) for graph in self.formulas)]
                  for name in self.rows]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        legend = [f"{graph}: {'; '.join(lines)}" for graph, lines in self.formulas.items()]
        legend += [f"{name}: {meaning}" for name, meaning in self.meanings.items()]
        return "\n".join([*lines, "", *legend, "", LEGEND])

    def _repr_html_(self) -> str:
        head = tag(
            "tr",
            tag("th", "backward pass", scope="col"),
            *(
                tag("th", tag("strong", graph), *_lines(formula), scope="col")
                for graph, formula in self.formulas.items()
            ),
        )
        rows = (
            tag("tr", tag("th", name, self._meaning(name), scope="row"),
                *(self._cell_html(name, graph) for graph in self.formulas))
            for name in self.rows
        )  # fmt: skip
        table = tag("table", tag("thead", head), tag("tbody", *rows))
        legend = tag("p", LEGEND, css_class="say")
        answer = tag("details", tag("summary", ANSWER), tag("p", self.caption, css_class="say"))
        body = tag("div", tag("h3", QUESTION, css_class="q"), table, legend, answer,
                   css_class="museum-card")  # fmt: skip
        return f'<style>{style_sheet("base", "museum")}</style><div class="mg">{body}</div>'

    def _meaning(self, name: str) -> Markup:
        meaning = self.meanings.get(name, "")
        return tag("span", meaning, css_class="meaning") if meaning else Markup("")

    def _cell_html(self, name: str, graph: str) -> Markup:
        """Return a cell, which carries the graph's name for pages too narrow for columns."""
        numbers = ", ".join(f"{gradient:g}" for gradient in self.rows[name][graph])
        if not self.is_wrong(name, graph):
            return tag("td", tag("span", numbers), data_graph=graph)
        mark = tag("span", WRONG, css_class="wrong-mark")
        return tag("td", tag("b", numbers), " ", mark, css_class="is-wrong", data_graph=graph)


def _lines(formula: Sequence[str]) -> list[Markup]:
    return [tag("span", line, css_class="formula") for line in formula]


def _named(graph: str) -> str:
    """Return a graph as the subject of a sentence: a word gets an article, a formula none."""
    return f"The {graph}" if graph.isalpha() else graph


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)

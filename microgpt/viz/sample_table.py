"""Texts of a model at several temperatures, side by side, each with what it is."""

from collections.abc import Callable, Sequence
from html import escape

from microgpt.data import Corpus
from microgpt.models.gpt import GPT
from microgpt.sampling import generate_text, tokenizer_of
from microgpt.viz.formatting import visible
from microgpt.viz.style import STYLE


class TextTable:
    """`texts[T]` are the texts at temperature T; shows itself as a table with their marks."""

    def __init__(self, texts: dict[float, tuple[str, ...]], mark: Callable[[str], str] | None):
        self.texts, self._mark = texts, mark

    def __getitem__(self, temperature: float) -> tuple[str, ...]:
        return self.texts[temperature]

    def _rows(self) -> list[list[str]]:
        rows = zip(*self.texts.values(), strict=True)
        return [
            [
                marked(visible(text, 24), self._mark(text) if self._mark and text else "")
                for text in row
            ]
            for row in rows
        ]

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col">T = {T:g}</th>' for T in self.texts)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._rows()
        )
        return (
            f'{STYLE}<div class="mg-view"><table class="mg-table"><thead><tr>{heads}</tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )

    def __repr__(self) -> str:
        rows = [[f"T = {T:g}" for T in self.texts], *self._rows()]
        wide = [max(len(row[column]) for row in rows) for column in range(len(self.texts))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip()
            for row in rows
        )


def marked(text: str, mark: str) -> str:
    """A text with its mark; one that ended at once has none."""
    return f"{text or '(no letters)'} · {mark}" if mark else text or "(no letters)"


def text_table(
    model: GPT,
    corpus: Corpus,
    temperatures: Sequence[float] = (0, 0.5, 1, 1.5),
    count: int = 10,
    seed: int = 1,
) -> TextTable:
    """`count` texts at each temperature, all with the same dice, each marked.

    The mark says whether the text is one the model was "trained on", one "in the list, not
    trained on" (held out), or "new".
    """
    tokenizer = tokenizer_of(model, corpus)
    mark = model.mark or (corpus.memorization_check() if corpus.format == "lines" else None)
    return TextTable(
        {
            T: tuple(generate_text(model, tokenizer, count, temperature=T, seed=seed))
            for T in temperatures
        },
        mark,
    )

"""`AttentionState`: the text, the cell chosen and the edits of an attention view."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from microgpt.errors import Described, SettingError
from microgpt.sampling import next_token
from microgpt.viz.editable_attention import (
    CUT,
    MASK,
    MAX_SHOWN,
    OFF,
    UNSCALED,
    AttentionEdit,
    AttentionPicture,
)
from microgpt.widgets.attention_runs import (
    AttentionRun,
    AttentionRuns,
    cell_arithmetic,
)
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.opening_text import FIRST_TEXT_LENGTH, opening_text, read_text

MAX_TRIED = 20  # entries, in search of one to begin with
MUCH_BETTER = 1.5  # times as probable


@dataclass(frozen=True)
class AttentionState:
    """What the view shows: the layer and head, the chosen cell, the edits, and the true token.

    `head` is None for all heads. `texts` are the entries in which the next token is looked up,
    `runs` those of the model that were made already.
    """

    source: ModelLogits
    runs: AttentionRuns
    text: str
    token_ids: tuple[int, ...]
    target: int
    layer: int
    head: int | None
    row: int
    column: int
    edits: tuple[AttentionEdit, ...] = ()
    texts: tuple[str, ...] = ()

    @property
    def num_heads(self) -> int:
        """H."""
        return int(self.source.model.config.n_head)

    @cached_property
    def before(self) -> AttentionRun:
        """The layer's run without edits."""
        return self._run(())

    @cached_property
    def now(self) -> AttentionRun:
        """The layer's run with the edits; without any, the very same."""
        if not self.edits:
            return self.before
        return self._run(self.edits)

    def _run(self, edits: tuple[AttentionEdit, ...]) -> AttentionRun:
        return self.runs.run(self.token_ids, self.layer, edits)

    @cached_property
    def view(self) -> AttentionPicture:
        """All that is shown, as plain data."""
        source, of_layer = self.source, [e for e in self.edits if e.layer == self.layer]
        head = 0 if self.head is None else self.head
        return AttentionPicture(
            text=self.text,
            unit=source.unit,
            tokens=tuple(source.labels[token] for token in self.token_ids),
            labels=source.labels,
            num_layers=source.model.config.n_layer,
            layer=self.layer,
            head=self.head,
            row=self.row,
            column=self.column,
            weights_before=self.before.weights,
            weights=self.now.weights,
            weights_before_last_edit=self._run(self.edits[:-1]).weights,
            arithmetic=cell_arithmetic(self.now, head, self.row, self.column, of_layer),
            probs_before=next_token(self.before.logits).probabilities,
            probs=next_token(self.now.logits).probabilities,
            target=self.target,
            edits=self.edits,
            effects=self.runs.effects(
                self.token_ids, self.layer, self.row, self.target, self.first
            ),
        )

    def with_text(self, typed: str) -> "AttentionState":
        """Show another text, without edits; its last row and the heaviest cell are chosen."""
        return first_state(self.source, typed, self.texts, self.layer, self.head, runs=self.runs)

    def with_target(self, target: int) -> "AttentionState":
        """Compare with another true next token."""
        return replace(self, target=target)

    def with_layer(self, layer: int) -> "AttentionState":
        """Show another layer."""
        return replace(self, layer=layer)

    def with_head(self, head: int | None) -> "AttentionState":
        """Show another head, or all (None)."""
        return replace(self, head=head)

    def with_cell(self, row: int, column: int) -> "AttentionState":
        """Choose a cell; one outside the triangle becomes the nearest one inside."""
        row = min(max(row, self.first), len(self.token_ids) - 1)
        return replace(self, row=row, column=min(max(column, self.first), row))

    @property
    def first(self) -> int:
        """The first position that is shown."""
        return max(0, len(self.token_ids) - MAX_SHOWN)

    @property
    def cell_action(self) -> str:
        """MASK or CUT if the chosen cell is edited in the head shown (or in any), else ""."""
        return next((e.action for e in self.edits if self._touches(e, self.row, self.column)), "")

    def with_cell_edit(self, action: str) -> "AttentionState":
        """Mask or cut the chosen cell in the head shown, or ("") leave it as it is."""
        others = self._edits_without((MASK, CUT), self.row, self.column)
        if not action:
            return replace(self, edits=others)
        edit = AttentionEdit(action, self.layer, self.head, self.row, self.column)
        edited = replace(self, edits=(*others, edit))
        if action == MASK:
            edited.check_rows_see_something()
        return edited

    def _touches(self, edit: AttentionEdit, row: int | None, column: int | None) -> bool:
        """Whether an edit is of this cell, or (None) of whole heads, in what is shown."""
        return (edit.layer, edit.row, edit.column) == (self.layer, row, column) and (
            edit.head is None or self.head in (None, edit.head)
        )

    def _edits_without(
        self, actions: tuple[str, ...], row: int | None = None, column: int | None = None
    ) -> tuple[AttentionEdit, ...]:
        """The edits without those of a cell in the head shown; one of all heads stays in others."""
        edits: list[AttentionEdit] = []
        for edit in self.edits:
            if edit.action not in actions or not self._touches(edit, row, column):
                edits.append(edit)
            elif edit.head is None and self.head is not None:
                others = (head for head in range(self.num_heads) if head != self.head)
                edits += [replace(edit, head=head) for head in others]
        return tuple(edits)

    def check_rows_see_something(self) -> None:
        """Raise SettingError if every cell of the chosen row is masked in some head."""
        for head in range(self.num_heads):
            masked = {
                edit.column
                for edit in self.edits
                if edit.action == MASK and edit.layer == self.layer and edit.row == self.row
                if edit.head in (None, head)
            }
            if len(masked) <= self.row:
                continue
            seen = "sees only itself" if self.row == 0 else "would see nothing at all"
            raise SettingError(
                "cell",
                "one whose row sees another, too",
                Described(f"row {self.row + 1}, which {seen}"),
                "cut it after the softmax, or mask another one",
            )

    def has(self, action: str) -> bool:
        """Whether the head shown (or every head) is switched off, or not divided by √D."""
        heads = {e.head for e in self.edits if e.action == action and self._touches(e, None, None)}
        shown = set(range(self.num_heads)) if self.head is None else {self.head}
        return None in heads or heads == shown

    def with_head_edit(self, action: str, is_on: bool) -> "AttentionState":
        """Switch the head shown off (OFF), or leave out the division by √D (UNSCALED)."""
        assert action in (OFF, UNSCALED)
        edit = AttentionEdit(action, self.layer, self.head)
        others = self._edits_without((action,))
        return replace(self, edits=(*others, edit) if is_on else others)

    def without(self, edit: AttentionEdit) -> "AttentionState":
        """Remove one edit."""
        return replace(self, edits=tuple(e for e in self.edits if e != edit))

    def with_edits(self, edits: tuple[AttentionEdit, ...]) -> "AttentionState":
        """Make these edits in place of the present ones."""
        return replace(self, edits=edits)

    def without_edits(self) -> "AttentionState":
        """Remove all edits."""
        return replace(self, edits=())


def attended_text(source: ModelLogits, texts: Sequence[str]) -> str:
    """Return the entry of `texts` to begin with, without its last token.

    The first, of at least four letters, whose last token is much more probable with the attention
    of the first layer than without, and is the true next token of `first_state`; if none of the
    first 20 is so, the first.
    """
    tried = [text for text in texts if len(text) >= FIRST_TEXT_LENGTH][:MAX_TRIED]
    for text in tried:
        state = first_state(source, text[:-1], texts)
        if state.target != source.tokenizer.encode(text)[-1]:
            continue  # the view would take another entry's token for the true one
        off = state.with_edits((AttentionEdit(OFF, 0),))
        probs, without = (next_token(one.now.logits).probabilities for one in (state, off))
        if probs[state.target] > MUCH_BETTER * without[state.target]:
            return text[:-1]
    return opening_text(texts)


def first_state(
    source: ModelLogits,
    text: str,
    texts: Sequence[str] = (),
    layer: int = 0,
    head: int | None = 0,
    runs: AttentionRuns | None = None,
) -> AttentionState:
    """Return the state of a text without edits: its last row, and the heaviest cell of that row.

    The true next token is that of the first of `texts` that begins with the text and goes on, else
    the end, else the most probable token. Raises TokenError for characters that are not in the
    vocabulary.
    """
    shown, ids = read_text(source, text)
    runs = AttentionRuns(source.model) if runs is None else runs
    run = runs.run(ids, layer, ())
    row = len(ids) - 1
    weights = run.weights.mean(axis=0) if head is None else run.weights[head]
    first = max(0, len(ids) - MAX_SHOWN)
    column = first + int(weights[row, first:].argmax())
    target = _next_token_in(source, shown, texts)
    if target is None:
        target = int(run.logits.argmax())
    return AttentionState(
        source, runs, shown, ids, target, layer, head, row, column, texts=tuple(texts)
    )


def _next_token_in(source: ModelLogits, text: str, texts: Sequence[str]) -> int | None:
    """Return the token after `text` in the first entry that goes on, else the end, if any."""
    entry = next((one for one in texts if one.startswith(text) and one != text), None)
    if entry is None or text in texts:
        return source.eos_token_id
    ids = source.tokenizer.encode(entry, bos=True)
    known = len(source.tokenizer.encode(text, bos=True))
    return int(ids[known])

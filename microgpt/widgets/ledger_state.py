"""`ResidualLedgerState`: the text, the two tokens and the open row of a residual ledger."""

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from microgpt.interpretability import LogitAttribution, Trace
from microgpt.sampling import next_token
from microgpt.viz.residual_ledger import ATTENTION, LedgerPart, LedgerPicture, Piece, ledger_rows
from microgpt.widgets.ledger_runs import ledger_parts, logits_without, record
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.opening_text import read_text
from microgpt.widgets.size_state import SizeState

CONTRIBUTIONS, SIZE = "contributions", "size"  # the tabs


@dataclass(frozen=True)
class ResidualLedgerState:
    """What the view shows: the logit of `first` minus that of `second` after the text.

    `opened` is the name of the part whose pieces are shown, "" for none.
    """

    source: ModelLogits
    text: str
    token_ids: tuple[int, ...]
    first: int
    second: int
    opened: str
    size: SizeState
    tab: str = CONTRIBUTIONS
    by_size: bool = False
    shows_removal: bool = False

    @cached_property
    def attribution(self) -> LogitAttribution:
        """The parts of the difference."""
        return _attribution(self.source, self.token_ids, self.first, self.second)

    @cached_property
    def parts(self) -> tuple[LedgerPart, ...]:
        """The same, as plain data."""
        return ledger_parts(self.attribution)

    def differences_without(self) -> dict[tuple[Piece, ...], float]:
        """The difference without each part, and without what each row is; {} if too much to run.

        Parts and rows are two batches, so that the parts are run once for a text.
        """
        of_parts = tuple(((part.name, ()),) for part in self.parts)
        rows = ledger_rows(self.parts, self.opened, self.by_size)
        of_rows = tuple(sorted({row.pieces for row in rows} - set(of_parts)))
        found: dict[tuple[Piece, ...], float] = {}
        for removals in (of_parts, of_rows):
            if not removals:
                continue
            logits = _logits_without(self.source, self.token_ids, removals)
            if logits is None:
                return found
            first, second = logits[:, self.first], logits[:, self.second]
            differences = first.astype(np.float64) - second
            found |= zip(removals, differences.tolist(), strict=True)
        return found

    @cached_property
    def view(self) -> LedgerPicture:
        """All that is shown of the ledger, as plain data."""
        source, config, found = self.source, self.source.model.config, self.attribution
        without = self.differences_without() if self.shows_removal else {}
        logits = _trace(source, self.token_ids)["logits"][-1]
        return LedgerPicture(
            text=self.text,
            unit=source.unit,
            tokens=tuple(source.labels[token] for token in self.token_ids),
            labels=source.labels,
            num_layers=config.n_layer,
            first=self.first,
            second=self.second,
            parts=self.parts,
            logits=logits,
            probs=next_token(logits).probabilities,
            scale=found.scale if config.final_norm else None,
            embedding_scale=found.embedding_scale if config.embedding_norm else None,
            opened=self.opened,
            by_size=self.by_size,
            without=without,
            is_too_large=self.shows_removal and not without,
            is_cut=len(source.encode_text(self.text)) > len(self.token_ids),
        )

    def with_text(self, typed: str) -> "ResidualLedgerState":
        """Read another text; its two likeliest next tokens are compared."""
        return self._reading(self.source, typed)

    def with_source(self, source: ModelLogits) -> "ResidualLedgerState":
        """Ask another model, with the same text if it can read it."""
        can_read = all(map(source.can_encode, self.text))
        return self._reading(source, self.text if can_read else source.tokenizer.default_prompt)

    def _reading(self, source: ModelLogits, typed: str) -> "ResidualLedgerState":
        fresh = first_state(source, typed, self.size)
        is_open = self.opened in {part.name for part in fresh.parts}
        opened = self.opened if is_open or not self.opened else fresh.opened
        return replace(
            fresh, opened=opened, tab=self.tab, by_size=self.by_size,
            shows_removal=self.shows_removal,
        )  # fmt: skip

    def with_first(self, token: int) -> "ResidualLedgerState":
        """Compare another token with the second; one that is not in the vocabulary changes nothing.

        A choice may arrive when the list that it was made from is gone, with another model.
        """
        return replace(self, first=token) if token < len(self.source.labels) else self

    def with_second(self, token: int) -> "ResidualLedgerState":
        """Compare the first with another token, as `with_first` does."""
        return replace(self, second=token) if token < len(self.source.labels) else self

    def swapped(self) -> "ResidualLedgerState":
        """Exchange the two tokens."""
        return replace(self, first=self.second, second=self.first)

    def with_toggled(self, number: int) -> "ResidualLedgerState":
        """Open the part of this number, from 1 in order of computation, or close it if open.

        Another that was open is closed.
        """
        if not 1 <= number <= len(self.parts) or self.parts[number - 1].split is None:
            return self
        name = self.parts[number - 1].name
        return replace(self, opened="" if name == self.opened else name)

    def with_order(self, by_size: bool) -> "ResidualLedgerState":
        """Order the rows by size, or by layer."""
        return replace(self, by_size=by_size)

    def with_removal(self, is_shown: bool) -> "ResidualLedgerState":
        """Show how far the difference falls without each part, or not."""
        return replace(self, shows_removal=is_shown)

    def with_tab(self, tab: str) -> "ResidualLedgerState":
        """Show the contributions or the size."""
        return replace(self, tab=tab)

    def with_size(self, size: SizeState) -> "ResidualLedgerState":
        """Count another model."""
        return replace(self, size=size)

    def with_size_setting(self, name: str, value: object) -> "ResidualLedgerState":
        """Change one setting of the model that is counted."""
        return replace(self, size=self.size.with_setting(name, value))


def first_state(source: ModelLogits, text: str, size: SizeState) -> ResidualLedgerState:
    """Return the state of a text: its two likeliest next tokens, and the first attention open.

    Raises TokenError for characters that are not in the vocabulary.
    """
    shown, ids = read_text(source, text)
    order = np.argsort(-_trace(source, ids)["logits"][-1], kind="stable")
    first, second = int(order[0]), int(order[min(1, len(order) - 1)])
    state = ResidualLedgerState(source, shown, ids, first, second, "", size)
    opened = next(
        (p.name for p in state.parts if p.split is not None and p.component == ATTENTION), ""
    )
    return replace(state, opened=opened)


@lru_cache(maxsize=8)
def _trace(source: ModelLogits, token_ids: tuple[int, ...]) -> Trace:
    return record(source.model, token_ids)


@lru_cache(maxsize=64)
def _attribution(
    source: ModelLogits, token_ids: tuple[int, ...], first: int, second: int
) -> LogitAttribution:
    return _trace(source, token_ids).logit_attribution((first, second))


@lru_cache(maxsize=64)
def _logits_without(
    source: ModelLogits, token_ids: tuple[int, ...], removals: tuple[tuple[Piece, ...], ...]
) -> np.ndarray | None:
    return logits_without(source.model, token_ids, removals)

"""The tables: every part of the sum with its pieces to six digits, and every part's parameters."""

from microgpt.plain_text import with_minus
from microgpt.viz.html import tag
from microgpt.viz.residual_ledger.data import ATTENTION, LedgerPicture, SizePicture
from microgpt.viz.residual_ledger.labels import format_share, quoted_pair, row_label
from microgpt.viz.residual_ledger.rows import LedgerRow
from microgpt.viz.residual_ledger.size_page import NO_MODEL
from microgpt.viz.table import html_table


def ledger_numbers(picture: LedgerPicture) -> str:
    """Return all parts and heads, folded or not, as a table."""
    first, second = quoted_pair(picture)
    header = ["part", "contribution", "running total"]
    has_removal = bool(picture.without)
    if has_removal:
        header.append("difference without it")
    rows, total = [], 0.0
    for part in picture.parts:
        total += part.share
        pieces = ((part.name, ()),)
        label = row_label(picture, LedgerRow(part, part.share, pieces))
        cells = [label, _six(part.share), _six(total)]
        rows.append([*cells, _six(picture.without[pieces])] if has_removal else cells)
        if part.component == ATTENTION and part.split is not None:
            for head, share in enumerate(part.split):
                row = LedgerRow(part, float(share), (), is_piece=True, index=head)
                cells = [f"{label}, {row_label(picture, row)}", _six(float(share)), ""]
                rows.append([*cells, ""] if has_removal else cells)
    rows.append(["sum", _six(picture.total), ""] + [""] * has_removal)
    rows.append(["the model's own", _six(picture.difference), ""] + [""] * has_removal)
    return html_table(header, rows, f"Logit of {first} minus logit of {second}.")


def size_numbers(picture: SizePicture) -> str:
    """Return the parameters of each part as a table."""
    header, total = ["part", "parameters", "share"], picture.size.total
    if picture.refusal:
        return str(tag("p", NO_MODEL, css_class="lab"))
    rows = [
        (name, f"{count:,}", format_share(count / total))
        for name, count in picture.size.parts.items()
    ]
    operations = [
        ("operations in matrices", f"{picture.size.matrix_operations:,}", ""),
        ("operations in attention, full window", f"{picture.size.attention_operations:,}", ""),
    ]
    sums = [("all", f"{total:,}", "100 %")]
    return html_table(header, [*rows, *sums, *operations])


def _six(number: float) -> str:
    return with_minus(f"{number:+.6f}")

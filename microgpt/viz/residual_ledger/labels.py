"""How parts, rows, shares and sizes are called and written, in the picture and in sentences."""

from microgpt.plain_text import with_minus
from microgpt.viz.formatting import in_quotes, quoted, quoted_text, visible
from microgpt.viz.residual_ledger.data import (
    ATTENTION,
    BIASES,
    MLP,
    POSITION,
    TOKEN,
    LedgerPart,
    LedgerPicture,
)
from microgpt.viz.residual_ledger.rows import LedgerRow

UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
FLOAT_BYTES = 4  # float32
MAX_TEXT = 20  # characters that are shown of a text, the last ones
TRAINING_ARRAYS = 4  # of as many numbers: weights, gradients and the two means of AdamW


def question(picture: LedgerPicture) -> str:
    """Return the title line."""
    first, second = quoted_pair(picture)
    return f"What contributes to {first}" + f" rather than {second}" * (first != second) + "?"


def after(picture: LedgerPicture) -> str:
    """Return "after “kath”", the end of a long text, or "at the start"."""
    if not picture.text:
        return "at the start"
    is_long = len(picture.text) > MAX_TEXT
    end = "…" + picture.text[1 - MAX_TEXT :] if is_long else picture.text
    return f"after {quoted_text(end)}"


def pair(picture: LedgerPicture) -> tuple[str, str]:
    """Return the labels of the two tokens, as in a figure."""
    return visible(picture.labels[picture.first]), visible(picture.labels[picture.second])


def quoted_pair(picture: LedgerPicture) -> tuple[str, str]:
    """Return the two tokens as in a sentence."""
    return quoted(picture.labels[picture.first]), quoted(picture.labels[picture.second])


def row_label(picture: LedgerPicture, row: LedgerRow) -> str:
    """Return what stands in front of a row: "attention 1", "head 2", "59 more neurons"."""
    part = row.part
    if part is None:
        return f"{row.count} more parts"
    if row.is_piece:
        noun = "head" if part.component == ATTENTION else "neuron"
        return f"{row.count:,} more {noun}s" if row.index is None else f"{noun} {row.index + 1}"
    return {
        TOKEN: _token(picture),
        POSITION: f"position {len(picture.tokens)}",
        BIASES: "biases",
    }.get(
        part.component
    ) or f"{'attention' if part.component == ATTENTION else 'MLP'} {part.layer + 1}"


def part_name(picture: LedgerPicture, part: LedgerPart, index: int | None = None) -> str:
    """Return a part, or one head of it, as a sentence names it: "the MLP of layer 1"."""
    of_layer = f" of layer {part.layer + 1}" if part.component in (ATTENTION, MLP) else ""
    if index is not None:
        return f"head {index + 1}" + of_layer * (picture.num_layers > 1)
    return {
        TOKEN: f"the {_token(picture)}",
        POSITION: f"position {len(picture.tokens)}",
        BIASES: "the biases",
        ATTENTION: f"the attention{of_layer}",
    }.get(part.component) or f"the MLP{of_layer}"


def _token(picture: LedgerPicture) -> str:
    label = visible(picture.tokens[-1])
    if label == "end":
        return "start" if len(picture.tokens) == 1 else "end"
    return f"{picture.unit} {in_quotes(label)}"


def signed(number: float, decimals: int = 2) -> str:
    """Format with a sign; what rounds to 0 has none."""
    text = f"{number:+.{decimals}f}"
    return with_minus(text) if float(text) else text[1:]


def times_as_probable(odds: float) -> str:
    """Return how many times as probable the more probable token is, with two digits: "5 times"."""
    larger = max(odds, 1 / odds)
    number = f"{larger:.2g}" if larger < 99.5 else f"{larger:,.0f}"
    return "equally" if number == "1" else f"{number} times as"


def probability_ratio(picture: LedgerPicture) -> tuple[str, str]:
    """Return the ratio of the two probabilities as a figure, and what it is."""
    odds, second = picture.odds, quoted_pair(picture)[1]
    number = f"{odds:,.0f}" if odds >= 1000 else f"{odds:.3g}" if odds >= 0.001 else f"{odds:.1e}"
    power = with_minus(f"{picture.difference:.2f}")
    return f"{number} times", f"the probability of {second}: 2.718 to the power {power}"


def held_scales(picture: LedgerPicture) -> list[tuple[str, float]]:
    """Return the scales that are held, each with whose it is."""
    scales = [("the final norm", picture.scale), ("the norm on the embeddings",
              picture.embedding_scale)]  # fmt: skip
    return [(name, scale) for name, scale in scales if scale is not None]


def format_storage(num_bytes: float) -> str:
    """Format bytes in units of a thousand, with three digits at most: "1.99 GB", "0.50 GB"."""
    size, unit = next(
        ((size, unit) for size, unit in UNITS if num_bytes >= size / 10), (1.0, "bytes")
    )
    number = num_bytes / size
    decimals = 0 if number >= 100 or size == 1 else 1 if number >= 10 else 2
    return f"{number:,.{decimals}f} {unit}"


def format_count(number: int) -> str:
    """Format a count with three digits and a word from a million on: "247 million"."""
    for size, word in ((10**9, "billion"), (10**6, "million")):
        if number >= size:
            return f"{number / size:.3g} {word}"
    return f"{number:,}"


def format_share(share: float) -> str:
    """Format a share of the parameters in per cent: two decimals below 0.1 %, else one."""
    return f"{100 * share:.2f} %" if 0 < share < 0.001 else f"{100 * share:.1f} %"

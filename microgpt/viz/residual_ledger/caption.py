"""The sentences: who leads, what gives and takes most, and what a ledger does not say."""

from microgpt.plain_text import join_and, with_minus
from microgpt.viz.formatting import quoted
from microgpt.viz.residual_ledger.data import ATTENTION, LedgerPart, LedgerPicture, SizePicture
from microgpt.viz.residual_ledger.labels import (
    FLOAT_BYTES,
    TRAINING_ARRAYS,
    after,
    format_odds_ratio,
    format_share,
    format_storage,
    held_scales,
    part_name,
    removed_name,
    signed,
)


def ledger_caption(picture: LedgerPicture) -> str:
    """Say who leads, which parts give and take most, and that shares are no causes."""
    parts = [_lead(picture), _largest(picture), _shares(picture), _removal(picture)]
    return " ".join(part for part in parts if part)


def _lead(picture: LedgerPicture) -> str:
    first, second = (quoted(picture.labels[token]) for token in (picture.first, picture.second))
    first = first[0].upper() + first[1:]
    if picture.first == picture.second:
        return f"{first} is compared with itself: every share is 0."
    verb = "leads" if picture.difference >= 0 else "trails"
    lead = (
        f"{first} {verb} {second} by {abs(picture.difference):.2f} {after(picture)}, odds of "
        f"{format_odds_ratio(picture.odds)}."
    )
    if picture.has_preference:
        return lead
    return (
        f"No trained preference: all {len(picture.labels):,} {picture.unit}s are about equally "
        f"likely {after(picture)}, as before any training. {lead}"
    )


def _largest(picture: LedgerPicture) -> str:
    """Name the part or head that gives most, and the one that takes most."""
    if picture.first == picture.second:
        return ""
    shares: list[tuple[float, LedgerPart, int | None]] = [
        (part.share, part, None) for part in picture.parts
    ]
    shares += [
        (float(share), part, index)
        for part in picture.parts
        if part.component == ATTENTION and part.split is not None and len(part.split) > 1
        for index, share in enumerate(part.split)
    ]
    largest, smallest = max(shares, key=lambda s: s[0]), min(shares, key=lambda s: s[0])
    clauses = []
    if largest[0] > 0:
        clauses.append(f"{part_name(picture, *largest[1:])} gives {signed(largest[0])}")
    if smallest[0] < 0:
        clauses.append(f"{part_name(picture, *smallest[1:])} takes {abs(smallest[0]):.2f}")
    sentence = ", ".join(clauses)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _shares(picture: LedgerPicture) -> str:
    held = join_and(
        f"the scale of {name} held at {scale:.2f}" for name, scale in held_scales(picture)
    )
    return (
        f"These are shares of a sum{f' with {held}' if held else ''}; removing a part also changes "
        "what the others do."
    )


def _removal(picture: LedgerPicture) -> str:
    """Name the part whose removal changes most, if it is not the one with the largest share."""
    if picture.is_too_large:
        return "This model is too large to run once more without each part."
    if not picture.without or picture.first == picture.second:
        return ""
    largest = max(picture.parts, key=lambda part: abs(part.share))
    strongest = max(picture.parts, key=lambda part: abs(_lost(picture, part)))
    if strongest is largest:
        return ""
    return (
        f"The part whose removal changes most is another one: {removed_name(picture, strongest)}. "
        f"The difference is then {signed(picture.without[((strongest.name, ()),)])}."
    )


def _lost(picture: LedgerPicture, part: LedgerPart) -> float:
    return picture.loss_without(((part.name, ()),)) or 0.0


def size_caption(picture: SizePicture) -> str:
    """Say how many numbers there are, where most of them are, and what they take."""
    if picture.refusal:
        return picture.refusal
    size = picture.size
    largest = sorted(size.parts.items(), key=lambda part: -part[1])[:2]
    where = join_and(f"{format_share(count / size.total)} in the {name}" for name, count in largest)
    weights = FLOAT_BYTES * size.total
    return (
        f"{size.total:,} numbers: {where}. Weights {format_storage(weights)}; to train with AdamW "
        f"{format_storage(TRAINING_ARRAYS * weights)} before activations."
    )


def check_sum(picture: LedgerPicture) -> list[tuple[str, str]]:
    """Return what shows that the ledger adds up, as pairs of a label and a number."""
    gap = abs(picture.total - picture.difference)
    first, second = (float(picture.logits[token]) for token in (picture.first, picture.second))
    logits = (
        with_minus(f"{first:.4f} − ({second:.4f})")
        if second < 0
        else f"{with_minus(f'{first:.4f}')} − {second:.4f}"
    )
    return [
        ("sum of the parts", signed(picture.total, 4)),
        (f"logits {logits} =", signed(picture.difference, 4)),
        ("they differ by", with_minus(f"{gap:.0e}".replace("e-0", "e-")) if gap else "0"),
    ]

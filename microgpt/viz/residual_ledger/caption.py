"""The sentences: who leads, what gives and takes most, and what a ledger does not say."""

from microgpt.plain_text import join_and, with_minus
from microgpt.viz.formatting import quoted
from microgpt.viz.residual_ledger.data import ATTENTION, LedgerPart, LedgerPicture, SizePicture
from microgpt.viz.residual_ledger.labels import (
    FLOAT_BYTES,
    TRAINING_ARRAYS,
    after,
    format_share,
    format_storage,
    held_scales,
    part_name,
    signed,
    times_as_probable,
)


def ledger_caption(picture: LedgerPicture) -> str:
    """Say who leads, which parts contribute most, and that contributions are no causes."""
    parts = [
        _lead(picture), _largest(picture), _held(picture), _removal(picture), _dropped(picture),
    ]  # fmt: skip
    return " ".join(part for part in parts if part)


def _lead(picture: LedgerPicture) -> str:
    first, second = (quoted(picture.labels[token]) for token in (picture.first, picture.second))
    first = first[0].upper() + first[1:]
    if picture.first == picture.second:
        return f"{first} is compared with itself: every contribution is 0."
    verb = "leads" if picture.difference >= 0 else "trails"
    times = times_as_probable(picture.odds)
    ratio = f"{'it' if picture.difference >= 0 else second} is {times} probable"
    if times == "equally":
        ratio = "both are about equally probable"
    lead = f"{first} {verb} {second} by {abs(picture.difference):.2f} {after(picture)}: {ratio}."
    if picture.has_preference:
        return lead
    return (
        f"No trained preference: all {len(picture.labels):,} {picture.unit}s are about equally "
        f"likely {after(picture)}, as before any training. {lead}"
    )


def _largest(picture: LedgerPicture) -> str:
    """Name the part or head that contributes most, and the one that contributes most against."""
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
    named = [largest] * (largest[0] > 0) + [smallest] * (smallest[0] < 0)
    clauses, verb = [], " contributes"
    for share, part, index in named:
        clauses.append(f"{part_name(picture, part, index)}{verb} {signed(share)}")
        verb = ""
    sentence = ", ".join(clauses)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def _held(picture: LedgerPicture) -> str:
    held = join_and(
        f"the scale of {name} held at {scale:.2f}" for name, scale in held_scales(picture)
    )
    return (
        f"Contributions add up{f', with {held}' if held else ''}; without a part, the others would "
        "contribute something else."
    )


def _dropped(picture: LedgerPicture) -> str:
    """Say that the model does not read a long text from its start."""
    if not picture.is_cut:
        return ""
    count = f"{len(picture.tokens):,} {picture.unit}s"
    return f"The model reads at most {count}, so it reads the last {count} of this text."


def _removal(picture: LedgerPicture) -> str:
    """Name the part whose removal changes most, if another one contributes most."""
    if picture.is_too_large:
        return "This model is too large to run once more without each part."
    if not picture.without or picture.first == picture.second:
        return ""
    largest = max(picture.parts, key=lambda part: abs(part.share))
    strongest = max(picture.parts, key=lambda part: abs(_lost(picture, part)))
    if strongest is largest:
        return ""
    return (
        f"Taken out at the last {picture.unit}, {part_name(picture, strongest)} changes most, not "
        f"{part_name(picture, largest)}, whose contribution is largest: the difference is then "
        f"{signed(picture.without[((strongest.name, ()),)])}."
    )


def _lost(picture: LedgerPicture, part: LedgerPart) -> float:
    return picture.loss_without(((part.name, ()),)) or 0.0


def size_caption(picture: SizePicture) -> str:
    """Say how many parameters there are, where most of them are, and what they take."""
    if picture.refusal:
        return picture.refusal
    size = picture.size
    largest = sorted(size.parts.items(), key=lambda part: -part[1])[:2]
    where = join_and(f"{format_share(count / size.total)} in the {name}" for name, count in largest)
    weights = FLOAT_BYTES * size.total
    return (
        f"{size.total:,} parameters: {where}. Weights {format_storage(weights)}; to train with "
        f"AdamW {format_storage(TRAINING_ARRAYS * weights)}, for weights, gradients and two "
        "running means of these."
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

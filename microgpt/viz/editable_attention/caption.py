"""The sentences: what was done, what the row and the guess did, and what a weight does not say."""

import numpy as np

from microgpt.plain_text import join_and, pluralize
from microgpt.viz.editable_attention.data import CUT, MASK, OFF, AttentionEdit, AttentionPicture
from microgpt.viz.editable_attention.labels import (
    head_name,
    loss_texts,
    row_sum,
    shown_name,
    signed,
    token_name,
)
from microgpt.viz.formatting import format_prob, quoted

NOT_AN_EXPLANATION = "A weight is not an explanation"
MAX_HEADS_LISTED = 8
UNCHANGED = 1e-9  # nats


def attention_caption(picture: AttentionPicture) -> str:
    """Say what was done to the row, what that did to the guess, and what the weights do not say."""
    parts = [_done(picture), _row(picture), _guess(picture), _weights(picture)]
    return " ".join(part for part in parts if part)


def _is_shown(picture: AttentionPicture, edit: AttentionEdit) -> bool:
    """Whether an edit is of the layer shown and, in part at least, of the head shown."""
    return edit.layer == picture.layer and (
        edit.head is None or picture.head is None or edit.head == picture.head
    )


def _done(picture: AttentionPicture) -> str:
    if not picture.edits:
        return "Nothing is changed yet."
    edit = picture.edits[-1]
    where = head_name(edit.head).capitalize()
    if picture.num_layers > 1:
        where = f"Layer {edit.layer + 1}, {where[0].lower()}{where[1:]}"
    more = len(picture.edits) - 1
    before = f" ({pluralize(more, 'more change')} before it.)" if more else ""
    if edit.row is None or edit.column is None:
        done = "switched off" if edit.action == OFF else "not divided by √D"
        return f"{where}: {done}.{before}"
    row, column = token_name(picture, edit.row), token_name(picture, edit.column)
    if edit.action == MASK:
        done = f"{row} no longer sees {column}, masked before the softmax"
    else:
        done = f"the weight of {column} for {row} is cut after the softmax"
    return f"{where}: {done}.{before}"


def _row(picture: AttentionPicture) -> str:
    """What the row of the last edit does, else the chosen row: its sum, and who got the weight."""
    last = picture.edits[-1] if picture.edits else None
    if last is not None and not _is_shown(picture, last):
        layer = f"layer {picture.layer + 1}, " if picture.num_layers > 1 else ""
        part = (
            "layer" if last.layer != picture.layer else "cell" if last.row is not None else "head"
        )
        return f"That {part} is not in the picture, which shows {layer}{shown_name(picture)}."
    if last is None or last.row is None or last.column is None:
        return _sum_of_row(picture, picture.row)
    weights, sums = _listed(picture, last), _sums(picture, last)
    if not weights.strip("0., and"):
        return f"Its weight was {weights} already, and the row adds up to {sums}."
    if last.action != MASK:
        return f"Nobody gets its {weights}, and the row adds up to {sums}."
    got = f"The others in its row share its {weights}"
    if _row_was_changed(picture, last):
        return f"{got}; with your earlier changes, the row adds up to {sums}."
    return f"{got}, and the row still adds up to {sums}."


def _row_was_changed(picture: AttentionPicture, last: AttentionEdit) -> bool:
    """Whether an earlier edit took weight away from the row of the last edit."""
    return any(
        edit.action in (CUT, OFF)
        and edit.layer == last.layer
        and edit.row in (None, last.row)
        and (None in (edit.head, last.head) or edit.head == last.head)
        for edit in picture.edits[:-1]
    )


def _sum_of_row(picture: AttentionPicture, row: int) -> str:
    total, heaviest = row_sum(picture, row), int(picture.shown[row].argmax())
    of_row = f"the row of {token_name(picture, row)}"
    if not picture.shown[row].any():
        return f"All weights in {of_row} are 0."
    adds_up = f"{of_row[0].upper()}{of_row[1:]} adds up to {total:.2f}"
    weight = f"{picture.shown[row, heaviest]:.2f}"
    if weight == "0.00":
        return f"{adds_up}."
    hidden = " (not shown)" if heaviest < picture.first else ""
    name = token_name(picture, heaviest)
    return f"{adds_up}; its largest weight is that of {name}{hidden}, {weight}."


def _listed(picture: AttentionPicture, edit: AttentionEdit) -> str:
    """The weight that the edited cell had before its edit, in each head that the edit is of."""
    return _per_head(picture.weights_before_last_edit[:, edit.row, edit.column], edit)


def _sums(picture: AttentionPicture, edit: AttentionEdit) -> str:
    """What the edited row adds up to, in each head that the edit is of; once if all agree."""
    return _per_head(picture.weights[:, edit.row].sum(axis=-1), edit, once=True)


def _per_head(numbers: np.ndarray, edit: AttentionEdit, once: bool = False) -> str:
    """Numbers (H,) of the heads that an edit is of, as they stand in a sentence."""
    numbers = numbers if edit.head is None else numbers[edit.head : edit.head + 1]
    if len(numbers) > MAX_HEADS_LISTED:
        return f"{numbers.min():.2f} to {numbers.max():.2f}"
    texts = [f"{number:.2f}" for number in numbers]
    return texts[0] if once and len(set(texts)) == 1 else join_and(texts)


def _guess(picture: AttentionPicture) -> str:
    target = quoted(picture.labels[picture.target])
    before, now = (format_prob(float(p[picture.target])) for p in _both(picture))
    nll = loss_texts(picture)[1]
    if not picture.edits:
        return f"{_capitalized(target)} has {now}: a negative log-likelihood of {nll}."
    if abs(picture.rise) < UNCHANGED:
        reason = ""
        if picture.num_layers == 1 and all(_is_of_earlier_row(picture, e) for e in picture.edits):
            reason = ": with one layer, only the last row leads to the guess"
        return f"The guess does not change{reason}."
    if before == now or signed(picture.rise) == "0.00":
        return f"The guess hardly changes: {target} has {now}, a negative log-likelihood of {nll}."
    up, down = ("rises", "falls") if picture.rise < 0 else ("falls", "rises")
    return (
        f"{_capitalized(target)} {up} from {before} to {now}: its negative log-likelihood {down} "
        f"by {signed(abs(picture.rise))[1:]}, to {nll}."
    )


def _both(picture: AttentionPicture) -> tuple[np.ndarray, np.ndarray]:
    return picture.probs_before, picture.probs


def _capitalized(text: str) -> str:
    return text[0].upper() + text[1:]


def _is_of_earlier_row(picture: AttentionPicture, edit: AttentionEdit) -> bool:
    return edit.row is not None and edit.row < len(picture.tokens) - 1


def _weights(picture: AttentionPicture) -> str:
    """What a weight does not say; of a masked cell, once it was tried, beside the others."""
    effects, edit = picture.effects, picture.edits[0] if len(picture.edits) == 1 else None
    if effects is None or edit is None or edit.action != MASK or edit.head is None:
        return f"{NOT_AN_EXPLANATION}."
    if edit.column is None or (edit.layer, edit.row) != (picture.layer, picture.row):
        return f"{NOT_AN_EXPLANATION}."
    other = effects.heavier_but_weaker(edit.head, edit.column)
    if other is not None:
        weight, effect = effects.of(*other)
        own_weight, _ = effects.of(edit.head, edit.column)
        return (
            f"{NOT_AN_EXPLANATION}: head {other[0] + 1} has more weight on "
            f"{token_name(picture, other[1])}, {weight:.2f} against {own_weight:.2f}, but masking "
            f"that changes the guess less, by {signed(effect)} against {signed(picture.rise)}."
        )
    if effects.has_lighter_but_stronger(edit.head, edit.column):
        return f"{NOT_AN_EXPLANATION}: a smaller one in this row changes the guess more."
    return f"{NOT_AN_EXPLANATION}."

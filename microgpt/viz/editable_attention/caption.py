"""The sentences: what was done, what the row and the guess did, and what a weight does not say."""

import numpy as np

from microgpt.plain_text import join_and, pluralize
from microgpt.viz.editable_attention.data import MASK, OFF, AttentionEdit, AttentionPicture
from microgpt.viz.editable_attention.labels import head_name, row_sum, signed, token_name
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
        return f"It is not in what is shown, layer {picture.layer + 1}, {head_name(picture.head)}."
    if last is None or last.row is None or last.column is None:
        return _sum_of_row(picture, picture.row)
    weights = _listed(picture, last)
    if last.action == MASK:
        got = f"The others in its row share its {weights}"
        return f"{got}, and the row still adds up to {_sums(picture, last)}."
    nobody = f"Nobody gets its {weights}"
    return f"{nobody}, and the row adds up to {_sums(picture, last)}."


def _sum_of_row(picture: AttentionPicture, row: int) -> str:
    heaviest = int(picture.shown[row].argmax())
    weight = f"{token_name(picture, heaviest)}, {picture.shown[row, heaviest]:.2f}"
    return (
        f"The row of {token_name(picture, row)} adds up to {row_sum(picture, row):.2f}; its "
        f"largest weight is that of {weight}."
    )


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
    target = target[0].upper() + target[1:]
    before, now = (float(probs[picture.target]) for probs in (picture.probs_before, picture.probs))
    nll = picture.negative_log_likelihood(picture.probs)
    if not picture.edits:
        return f"{target} has {format_prob(now)}: a negative log-likelihood of {nll:.2f}."
    if abs(picture.rise) < UNCHANGED:
        reason = ""
        if picture.num_layers == 1 and all(_is_of_earlier_row(picture, e) for e in picture.edits):
            reason = ": with one layer, only the last row leads to the guess"
        return f"The guess does not change{reason}."
    verb = "rises" if now > before else "falls"
    return (
        f"{target} {verb} from {format_prob(before)} to {format_prob(now)}: its negative "
        f"log-likelihood {'falls' if now > before else 'rises'} by {abs(picture.shown_rise):.2f}, "
        f"to {nll:.2f}."
    )


def _is_of_earlier_row(picture: AttentionPicture, edit: AttentionEdit) -> bool:
    return edit.row is not None and edit.row < len(picture.tokens) - 1


def _weights(picture: AttentionPicture) -> str:
    """Whether the heaviest cell of the row is the one that matters most, if that was tried."""
    effects = picture.effects
    if effects is None:
        return f"{NOT_AN_EXPLANATION}."
    head, column = effects.strongest
    effect = float(effects.effects[head, column - effects.first_column])
    if abs(effect) < UNCHANGED:
        return f"{NOT_AN_EXPLANATION}: no cell of this row has any effect on the guess."
    heaviest_head, heaviest = effects.heaviest
    weight = float(effects.weights[heaviest_head, heaviest - effects.first_column])
    cell = f"head {heaviest_head + 1} on {token_name(picture, heaviest)} ({weight:.2f})"
    if (heaviest_head, heaviest) == (head, column):
        return (
            f"{NOT_AN_EXPLANATION}. Here, the heaviest cell of the unedited row, {cell}, is also "
            f"the one whose masking changes the guess most ({signed(effect)})."
        )
    strongest = f"head {head + 1} on {token_name(picture, column)}"
    return (
        f"{NOT_AN_EXPLANATION}: the heaviest cell of the unedited row is {cell}, but masking "
        f"{strongest} changes the guess most ({signed(effect)})."
    )

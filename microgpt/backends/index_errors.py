"""What is said about a token id or a place that a table does not have, in every back end."""

from microgpt.errors import ShapeError, TokenError


def refuse(tokens, place, vocab_size):
    """Raise for the id at `place` of the flat array `tokens`."""
    raise TokenError(
        f"token ids must be from 0 to {vocab_size - 1} (the vocabulary has {vocab_size}); "
        f"got {tokens[place]} at position {place}"
    )


def refuse_target(targets, place, vocab_size):
    """Raise for the target at `place` of the flat array `targets`."""
    raise TokenError(
        f"targets must be from 0 to {vocab_size - 1}, or -1 to be ignored; "
        f"got {targets[place]} at position {place}"
    )


def refuse_all_ignored():
    """Raise because there is nothing to take a mean of."""
    raise TokenError("every target is -1 (ignored); a loss needs at least one")


def refuse_position(start, count, places):
    """Raise for `count` tokens from the place `start` on, of `places`."""
    raise ShapeError(
        f"{count} more from place {start} on do not fit: there are {places} places, counted from 0"
    )

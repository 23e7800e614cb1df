"""The errors for token ids, targets and positions out of range, one wording for every back end."""

from microgpt.errors import ShapeError, TokenError


def raise_token_error(tokens, index, vocab_size):
    """Raise for the id at `index` of the flat array `tokens`."""
    raise TokenError(
        f"token ids must be from 0 to {vocab_size - 1} (the vocabulary has {vocab_size}); "
        f"got {tokens[index]} at position {index}"
    )


def raise_target_error(targets, index, vocab_size):
    """Raise for the target at `index` of the flat array `targets`."""
    raise TokenError(
        f"targets must be from 0 to {vocab_size - 1}, or -1 to be ignored; "
        f"got {targets[index]} at position {index}"
    )


def raise_all_ignored():
    """Raise because no target is left to take a mean of."""
    raise TokenError("every target is -1 (ignored); a loss needs at least one")


def raise_position_error(start, count, num_positions):
    """Raise for `count` tokens from position `start` on, where there are fewer positions."""
    raise ShapeError(
        f"{count} more tokens from position {start} on do not fit: there are {num_positions} "
        "positions, counted from 0"
    )

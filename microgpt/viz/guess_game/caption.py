"""The sentences below a round of the guessing game."""

import numpy as np

from microgpt.plain_text import pluralize
from microgpt.viz.formatting import format_prob, quoted, quoted_text, ranked
from microgpt.viz.guess_game.game_round import GuessRound
from microgpt.viz.guess_game.keys import MAX_KEYS, rounded_percent

NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
)  # fmt: skip


def guess_caption(game_round: GuessRound) -> str:
    """Return what is asked; after the guess, what the model says of it and which token follows."""
    answer = game_round.answer()
    if answer is None:
        return _question(game_round)
    sentences = [part(game_round, *answer) for part in (_guess, _target, _favourite)]
    if game_round.is_last:
        user_score, model_score = game_round.scores
        rounds = pluralize(game_round.num_rounds, "round")
        sentences.append(f"Final score in {rounds}: you {user_score}, the model {model_score}.")
    return " ".join(sentences)


def times_out_of(share: float) -> str:
    """Format a share in words that can be pictured, such as "about three times in four"."""
    if share < 0.001:
        return "less than one time in 1,000"
    if share < 0.05:
        return f"about one time in {round(1 / share)}"
    if share > 0.95:
        return (
            "more than 99 times in 100" if share > 0.99 else f"about {100 * share:.0f} times in 100"
        )
    size = next(
        (size for size in (2, 3, 4, 5) if abs(round(share * size) / size - share) <= 0.025), 10
    )
    count = min(max(round(share * size), 1), size - 1)
    if size == 2:
        return "about half the time"
    times = "time" if count == 1 else "times"
    return f"about {NUMBERS[count]} {times} in {NUMBERS[size]}"


def _question(game_round: GuessRound) -> str:
    how = (
        "Click a key to guess."
        if len(game_round.labels) <= MAX_KEYS
        else f"Choose a {game_round.unit}, then press Guess."
    )
    return (
        f"A name begins {quoted_text(''.join(game_round.prefix))}. It comes from the held-out set: "
        f"it was kept back, and the model was never trained on it. {how}"
    )


def _guess(game_round: GuessRound, guess: int, probs: np.ndarray, ranked_ids: np.ndarray) -> str:
    labels, favourite = game_round.labels, int(ranked_ids[0])
    prob = format_prob(float(probs[guess]))
    if guess == favourite:
        return f"You said {quoted(labels[guess])}, the model's favourite with {prob}."
    rank = ranked_ids.tolist().index(guess)
    return (
        f"You said {quoted(labels[guess])}: the model gives it {prob}, {ranked(rank)}. "
        f"Its favourite is {quoted(labels[favourite])} with {format_prob(float(probs[favourite]))}."
    )


def _target(game_round: GuessRound, guess: int, probs: np.ndarray, ranked_ids: np.ndarray) -> str:
    """Say which token follows, what the model gave it, and who gets a point."""
    target, name = game_round.target, quoted_text(game_round.name)
    is_user_right, is_model_right = guess == target, int(ranked_ids[0]) == target
    if is_user_right and is_model_right:
        return f"The name is {name}: a point for you and for the model."
    if is_user_right:
        return f"The name is {name}: a point for you, none for the model."
    label = quoted(game_round.labels[target])
    follows = "it ends here" if label == "the end" else f"{label} follows"
    if is_model_right:
        return f"The name is {name}: {follows}, a point for the model."
    rank = ranked_ids.tolist().index(target)
    return (
        f"The name is {name}: {follows}, {ranked(rank)} with "
        f"{format_prob(float(probs[target]))}. No point for either."
    )


def _favourite(
    game_round: GuessRound, guess: int, probs: np.ndarray, ranked_ids: np.ndarray
) -> str:
    """Say how often the favourite is right or wrong, by its own probability."""
    favourite = int(ranked_ids[0])
    prob = float(probs[favourite])
    favourite_with = f"A favourite with {rounded_percent(prob)} %"
    if favourite == game_round.target:
        return f"{favourite_with} is right {times_out_of(prob)}: this time it was."
    return f"{favourite_with} is wrong {times_out_of(1 - prob)}."

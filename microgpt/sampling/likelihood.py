"""How likely a given text is: the chance of each of its letters, one after the other."""

from dataclasses import dataclass

import numpy as np

from microgpt.config import SampleConfig
from microgpt.errors import TokenError
from microgpt.sampling.choice import next_token
from microgpt.sampling.origins import ModelOrigin


@dataclass(frozen=True)
class LetterChance:
    """What a model gave one letter of a text.

    `chance` is that of `token` under the dials (0 if it is cut), `rank` its place (0 for the most
    likely) of `V`; of all ranks `kept` survived, by the cut `kept_by`. `after` is the text before.
    """

    token: int
    chance: float
    rank: int
    kept: int
    kept_by: str | None
    V: int
    after: tuple[int, ...]


def letter_chances(
    origin: ModelOrigin, text: str, dials: SampleConfig | None = None, end: bool = True
) -> list[LetterChance]:
    """The chance of each letter of `text` after those before it, the end mark included.

    A text that no beginning mark precedes has no chance for its first letter, which is given.
    """
    shown = origin.shown_start(text)
    if not shown:
        raise TokenError("type at least one letter")
    mark = () if origin.stop is None else (origin.stop,)
    tokens = mark + shown + mark * end
    if len(mark + shown) > origin.block_size:
        most = origin.block_size - len(mark)
        raise TokenError(f"the model reads at most {most} letters; this text has {len(shown):,}")
    settings = vars(dials or SampleConfig()) | {}
    if settings["top_k"] is not None:
        settings["top_k"] = min(settings["top_k"], origin.vocab_size)
    chances = []
    for place in range(1, len(tokens)):
        choice = next_token(origin.logits(1, tokens[:place]), **settings)
        token = tokens[place]
        rank = int(np.flatnonzero(choice.order == token)[0])
        chances.append(
            LetterChance(
                token, float(choice.probabilities[token]), rank, choice.kept, choice.kept_by,
                origin.vocab_size, tokens[:place],
            )
        )  # fmt: skip
    return chances


def surprise(chances: list[LetterChance]) -> float:
    """The sum of the letters' losses in nats; infinite where a letter cannot come."""
    if any(letter.chance == 0 for letter in chances):
        return float("inf")
    return -float(sum(np.log(letter.chance) for letter in chances))

"""How likely a given text is: the chance of each of its letters, one after the other."""

from dataclasses import dataclass
from math import inf

import numpy as np

from microgpt.config import SampleConfig
from microgpt.errors import TokenError
from microgpt.sampling.logits_source import ModelOrigin
from microgpt.sampling.sampling_trace import PLAIN, Walk, fitting
from microgpt.sampling.token_sampler import next_token


@dataclass(frozen=True)
class LetterChance:
    """What a model gave one letter of a text.

    `chance` is that of `token` under the dials (0 if it is cut), `rank` its place (0 for the most
    likely) of `V`; of all ranks `kept` survived, by the cut `binding_filter`. `after` is the text before.
    """

    token: int
    chance: float
    rank: int
    kept: int
    binding_filter: str | None
    V: int
    after: tuple[int, ...]


def letter_chances(
    origin: ModelOrigin, text: str, dials: SampleConfig = PLAIN
) -> list[LetterChance]:
    """The chance of each letter of `text` after those before it, the end mark included.

    The first letter comes after the beginning mark; without one, after what texts start from (a
    new line), and no end is counted.
    """
    shown = origin.shown_start(text)
    if not shown:
        raise TokenError("type at least one letter")
    start = origin.start("")
    if len(start + shown) > origin.block_size:
        most = origin.block_size - len(start)
        raise TokenError(f"the model reads at most {most} letters; this text has {len(shown):,}")
    end = () if origin.stop is None else (origin.stop,)
    return _chances(origin, start, shown + end, dials)


def chances_so_far(walk: Walk) -> list[LetterChance]:
    """The chance of each letter of a walk's text at its dials, and of its end if it has ended.

    Nothing for a text that no model made, that is longer than the model's block, or that begins
    with a prompt which no beginning mark precedes: its first letter has no chance.
    """
    origin = walk.origin
    if not isinstance(origin, ModelOrigin) or len(walk.tokens) > origin.block_size + 1:
        return []
    if origin.stop is None and walk.prompt:
        return []
    given = len(origin.start(""))
    return _chances(origin, walk.tokens[:given], walk.tokens[given:], walk.dials)


def _chances(
    origin: ModelOrigin, given: tuple[int, ...], letters: tuple[int, ...], dials: SampleConfig
) -> list[LetterChance]:
    settings, found = fitting(dials, origin.vocab_size), []
    for place, token in enumerate(letters):
        before = given + letters[:place]
        choice = next_token(origin.logits(len(given), before), **settings)
        rank = int(np.flatnonzero(choice.order == token)[0])
        chance = float(choice.probabilities[token])
        found.append(
            LetterChance(
                token, chance, rank, choice.kept, choice.binding_filter, origin.vocab_size, before
            )
        )
    return found


def surprise(chances: list[LetterChance]) -> float:
    """The sum of the letters' losses in nats; infinite where a letter cannot come."""
    if any(letter.chance == 0 for letter in chances):
        return inf
    return max(0.0, -float(sum(np.log(letter.chance) for letter in chances)))

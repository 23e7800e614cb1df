"""`SampleConfig`: how the next token is sampled."""

from dataclasses import dataclass

from microgpt.config.checks import check_integer, check_number


@dataclass(frozen=True)
class SampleConfig:
    """Sampling parameters; None (0 for `min_p`) turns a filter off.

    `temperature` 0 is greedy decoding. `top_k` keeps the k most likely tokens, all of a vocabulary
    that has no more. `top_p` keeps the smallest set of most likely tokens whose probabilities sum
    to at least p. `min_p` keeps tokens with at least that fraction of the top token's probability.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float = 0.0

    def __post_init__(self) -> None:
        check_number("temperature", self.temperature, minimum=0, below=float("inf"))
        if self.top_k is not None:
            check_integer("top_k", self.top_k, minimum=1)
        if self.top_p is not None:
            check_number("top_p", self.top_p, above=0, maximum=1)
        check_number("min_p", self.min_p, minimum=0, maximum=1)

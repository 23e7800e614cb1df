"""How a token is chosen."""

from dataclasses import dataclass

from microgpt.config.checks import number, whole
from microgpt.errors import SettingError


@dataclass(frozen=True)
class SampleConfig:
    """How a token is chosen from a model's logits; None (or 0 for min_p) turns a cut off.

    `temperature` 0 is greedy. `top_k` keeps that many tokens, `top_p` the shortest run from the
    top whose chances reach it, `min_p` those with at least that share of the top token's chance.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    min_p: float = 0.0

    def __post_init__(self) -> None:
        for name in ("temperature", "min_p", "top_p"):
            if name != "top_p" or self.top_p is not None:
                number(name, getattr(self, name))
        if not 0 <= self.temperature < float("inf"):
            raise SettingError(
                f"temperature must be 0 (greedy) or above, and finite; got {self.temperature}"
            )
        if self.top_k is not None:
            whole("top_k", self.top_k, least=1)
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise SettingError(f"top_p must be in (0, 1], or None to turn it off; got {self.top_p}")
        if not 0 <= self.min_p <= 1:
            raise SettingError(f"min_p must be in [0, 1]; got {self.min_p}")

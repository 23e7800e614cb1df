"""How a model trains."""

from dataclasses import dataclass

from microgpt.config.checks import whole
from microgpt.errors import SettingError


@dataclass(frozen=True)
class TrainConfig:
    """How a model trains: `steps` batches of `batch_size`, Adam with a linearly falling lr.

    `held_out` is the share of the corpus kept for validation, of which evaluation takes at most
    `eval_documents`, evenly spaced; `eval_every` and `sample_every` are in steps (0: never);
    `clip` bounds the gradient's norm.
    """

    steps: int = 1000
    batch_size: int = 1
    lr: float = 0.01
    beta1: float = 0.85
    beta2: float = 0.99
    eps: float = 1e-8
    clip: float | None = None
    held_out: float = 0.2
    eval_every: int = 0
    eval_documents: int = 1000
    sample_every: int = 0
    samples: int = 5
    seed: int = 42

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "eval_documents"):
            whole(name, getattr(self, name), least=1)
        for name in ("eval_every", "sample_every", "samples", "seed"):
            whole(name, getattr(self, name), least=0)
        if self.seed >= 2**63:
            raise SettingError(f"seed must be below 2**63; got {self.seed}")
        if not 0 < self.lr < float("inf"):
            raise SettingError(f"lr must be above 0, and finite; got {self.lr}")
        if not self.eps >= 0:
            raise SettingError(f"eps must be 0 or above; got {self.eps}")
        for name in ("beta1", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingError(f"{name} must be in [0, 1); got {getattr(self, name)}")
        if not 0 <= self.held_out < 1:
            raise SettingError(f"held_out must be in [0, 1); got {self.held_out}")
        if self.clip is not None and not self.clip > 0:
            raise SettingError(f"clip must be above 0, or None for no clipping; got {self.clip}")

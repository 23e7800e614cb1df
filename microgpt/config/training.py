"""How a model trains."""

from dataclasses import dataclass

from microgpt.config.checks import known, number, whole
from microgpt.errors import SettingError

OPTIMIZERS = ("adam", "adamw")
SCHEDULES = ("linear", "cosine", "constant")

_COUNTS = {
    1: ("steps", "batch_size", "accumulate", "eval_documents"),
    0: ("warmup", "eval_every", "sample_every", "samples", "seed"),
}
_NUMBERS_OR_NONE = ("clip", "weight_decay")
_COUNTS_OR_NONE = ("epochs", "stride", "eval_batches", "patience", "sample_tokens")


@dataclass(frozen=True)
class TrainConfig:
    """How a model trains: `steps` updates (or `epochs`), each from `accumulate` batches.

    `weight_decay` is AdamW's alone (None: its own 0.01). After `warmup` steps, `schedule` leads lr
    towards `min_lr`. `stride` None: windows of a text from random places; a number: in epochs.
    `held_out` is the share kept for validation. Every `eval_every` steps its loss is measured, on
    `eval_documents` rows at most or on `eval_batches` batches, with `eval_train` the training
    data's too; after `patience` of these without a new best, training ends. `clip` bounds the
    gradient's norm. Every `sample_every` steps, `samples` texts begin with `prompt`.
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
    epochs: int | None = None
    accumulate: int = 1
    stride: int | None = None
    optimizer: str = "adam"
    weight_decay: float | None = None
    schedule: str = "linear"
    warmup: int = 0
    min_lr: float = 0.0
    eval_batches: int | None = None
    eval_train: bool = False
    patience: int | None = None
    prompt: str = ""
    sample_tokens: int | None = None

    def __post_init__(self) -> None:
        for least, names in _COUNTS.items():
            for name in names:
                whole(name, getattr(self, name), least=least)
                self._keep(name, int)
        for name in _COUNTS_OR_NONE:
            if getattr(self, name) is not None:
                whole(name, getattr(self, name), least=1)
                self._keep(name, int)
        for name in ("lr", "eps", "beta1", "beta2", "held_out", "min_lr", "clip", "weight_decay"):
            if name not in _NUMBERS_OR_NONE or getattr(self, name) is not None:
                number(name, getattr(self, name))
                self._keep(name, float)
        self._check_ranges()
        known("optimizer", self.optimizer, OPTIMIZERS)
        known("schedule", self.schedule, SCHEDULES)
        if not isinstance(self.eval_train, bool):
            raise SettingError(f"eval_train must be True or False; got {self.eval_train!r}")
        if not isinstance(self.prompt, str):
            raise SettingError(f"prompt must be a text; got {self.prompt!r}")
        if self.patience is not None and not self.eval_every:
            raise SettingError("patience counts evaluations; set eval_every too, above 0")

    def _keep(self, name: str, kind: type) -> None:
        """NumPy's numbers become Python's, which a file can hold."""
        object.__setattr__(self, name, kind(getattr(self, name)))

    def _check_ranges(self) -> None:
        if not 0 < self.lr < float("inf"):
            raise SettingError(f"lr must be above 0, and finite; got {self.lr}")
        if not 0 <= self.min_lr <= self.lr:
            raise SettingError(f"min_lr must be from 0 to lr, {self.lr}; got {self.min_lr}")
        if self.min_lr and self.schedule == "constant":
            raise SettingError(
                f"a constant schedule leads nowhere, and got min_lr={self.min_lr}; leave min_lr "
                'out, or set schedule="linear" or "cosine"'
            )
        if not 0 <= self.eps < float("inf"):
            raise SettingError(f"eps must be 0 or above, and finite; got {self.eps}")
        for name in ("beta1", "beta2", "held_out"):
            if not 0 <= getattr(self, name) < 1:
                raise SettingError(f"{name} must be in [0, 1); got {getattr(self, name)}")
        if self.clip is not None and not self.clip > 0:
            raise SettingError(f"clip must be above 0, or None for no clipping; got {self.clip}")
        if self.weight_decay is None:
            return
        if not 0 <= self.weight_decay < float("inf"):
            raise SettingError(
                f"weight_decay must be 0 or above, and finite; got {self.weight_decay}"
            )
        if self.weight_decay and self.optimizer == "adam":
            raise SettingError(
                f"Adam has no weight decay, and got weight_decay={self.weight_decay}; set "
                'optimizer="adamw"'
            )

"""`TrainConfig`: the hyperparameters of a training run."""

from dataclasses import dataclass
from typing import Any

from microgpt.config.checks import check_boolean, check_choice, check_integer, check_number
from microgpt.errors import SettingError

OPTIMIZERS = ("adam", "adamw")
LR_SCHEDULES = ("linear", "cosine", "constant")

# Integer fields by their minimum, number fields by their range; optional fields may be None.
_INTEGERS = {
    1: ("steps", "batch_size", "grad_accum_steps", "eval_documents"),
    0: ("warmup_steps", "eval_every", "sample_every", "num_samples", "seed"),
}
_OPTIONAL_INTEGERS = ("epochs", "stride", "eval_batches", "patience", "sample_max_new_tokens")
_INF = float("inf")
_NUMBERS: dict[str, dict[str, Any]] = {
    "lr": {"above": 0, "below": _INF},
    "min_lr": {},
    "beta1": {"minimum": 0, "below": 1},
    "beta2": {"minimum": 0, "below": 1},
    "eps": {"minimum": 0, "below": _INF},
    "val_fraction": {"minimum": 0, "below": 1},
}
_OPTIONAL_NUMBERS: dict[str, dict[str, Any]] = {
    "grad_clip": {"above": 0},
    "weight_decay": {"minimum": 0, "below": _INF},
}


@dataclass(frozen=True)
class TrainConfig:
    """Optimizer, learning-rate schedule, batches and evaluation of a training run.

    Training takes `steps` optimizer updates (or `epochs`), each on the average gradient of
    `grad_accum_steps` batches. After linear warmup (`warmup_steps`), `lr_schedule` decays lr to
    `min_lr`; `grad_clip` is the maximum gradient norm, `weight_decay` AdamW's (None: 0.01). Windows
    of a text start at random, or every `stride` tokens. Every `eval_every` steps, the loss on the
    validation set (`val_fraction` of the data) is estimated on `eval_batches` batches or
    `eval_documents` rows; `eval_train` adds the training loss. `patience` stops training early
    after that many evaluations without a new best. Every `sample_every` steps, `num_samples` texts
    are sampled that continue `sample_prompt`.
    """

    steps: int = 1000
    batch_size: int = 1
    lr: float = 0.01
    beta1: float = 0.85
    beta2: float = 0.99
    eps: float = 1e-8
    grad_clip: float | None = None
    val_fraction: float = 0.2
    eval_every: int = 0
    eval_documents: int = 1000
    sample_every: int = 0
    num_samples: int = 5
    seed: int = 42
    epochs: int | None = None
    grad_accum_steps: int = 1
    stride: int | None = None
    optimizer: str = "adam"
    weight_decay: float | None = None
    lr_schedule: str = "linear"
    warmup_steps: int = 0
    min_lr: float = 0.0
    eval_batches: int | None = None
    eval_train: bool = False
    patience: int | None = None
    sample_prompt: str = ""
    sample_max_new_tokens: int | None = None

    def __post_init__(self) -> None:
        for minimum, names in _INTEGERS.items():
            for name in names:
                self._set(name, check_integer(name, getattr(self, name), minimum))
        for name in _OPTIONAL_INTEGERS:
            if getattr(self, name) is not None:
                self._set(name, check_integer(name, getattr(self, name), minimum=1))
        for name, limits in _NUMBERS.items():
            self._set(name, check_number(name, getattr(self, name), **limits))
        for name, limits in _OPTIONAL_NUMBERS.items():
            if getattr(self, name) is not None:
                self._set(name, check_number(name, getattr(self, name), **limits))
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("lr_schedule", self.lr_schedule, LR_SCHEDULES)
        check_boolean("eval_train", self.eval_train)
        if not isinstance(self.sample_prompt, str):
            raise SettingError("sample_prompt", "a string", self.sample_prompt)
        self._check_combinations()

    def _set(self, name: str, value: Any) -> None:
        """Set a field of the frozen dataclass: NumPy numbers become Python's, which JSON holds."""
        object.__setattr__(self, name, value)

    def _check_combinations(self) -> None:
        """Raise SettingError if two settings contradict each other."""
        if not 0 <= self.min_lr <= self.lr:
            raise SettingError("min_lr", "from 0 to {lr}", self.min_lr, lr=self.lr)
        if self.min_lr and self.lr_schedule == "constant":
            raise SettingError(
                "min_lr",
                "0 where the learning rate is constant",
                self.min_lr,
                ("leave {min_lr} out", "set {lr_schedule}"),
                lr_schedule="cosine",
            )
        if self.weight_decay and self.optimizer == "adam":
            raise SettingError(
                "weight_decay",
                "0 for Adam, which has none",
                self.weight_decay,
                "set {optimizer}",
                optimizer="adamw",
            )
        if self.patience is not None and not self.eval_every:
            expected = "above 0 with {patience}, which counts evaluations"
            raise SettingError("eval_every", expected, self.eval_every, patience=self.patience)

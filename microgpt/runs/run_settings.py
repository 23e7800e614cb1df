"""`RunSettings`: all that decides a recorded run, so that it can be made again."""

from dataclasses import dataclass, field

from microgpt import backends
from microgpt.config import GPTConfig
from microgpt.config.checks import check_choice, check_integer
from microgpt.data import Corpus
from microgpt.errors import SettingError
from microgpt.optim import linear_schedule
from microgpt.optim.schedules import Schedule
from microgpt.runs.switches import HEALTHY, SWITCHES, Switch

STEPS = 1500
LR = 3e-3
BETAS = (0.9, 0.99)
EPS = 1e-8
WEIGHT_DECAY = 0.1
GRAD_CLIP = 1.0
BATCH_SIZE = 12
BLOCK_SIZE = 64
INIT_STD = 0.02
VAL_FRACTION = 0.1


@dataclass(frozen=True)
class RunSettings:
    """The text, the switch, the planned steps, the seed and the back end of a run.

    Everything else is the same for all runs: a GPT of 2 layers, 48 channels and 4 heads that reads
    64 characters, AdamW, warm-up, then a linear decay of the learning rate to the last step. Its
    activation is GELU, since rounding grows at the kink of ReLU and back ends would soon differ.
    """

    corpus: Corpus
    switch_name: str = HEALTHY
    steps: int = STEPS
    seed: int = 0
    backend: str = field(default_factory=lambda: backends.current().name)

    def __post_init__(self) -> None:
        if not isinstance(self.corpus, Corpus):
            raise SettingError("corpus", "a name, or what load_corpus returns", type(self.corpus))
        check_choice("switch", self.switch_name, tuple(SWITCHES))
        check_integer("steps", self.steps, 1)
        check_integer("seed", self.seed, 0)
        backends.get(self.backend)  # raises BackendUnavailable

    @property
    def switch(self) -> Switch:
        """What differs from the healthy run."""
        return SWITCHES[self.switch_name]

    @property
    def grad_clip(self) -> float:
        """The largest gradient norm, above which the gradient is scaled down; inf for none."""
        return GRAD_CLIP if self.switch.clips else float("inf")

    def name_beside(self, other: "RunSettings") -> str:
        """Return the switch, and what else tells the run from one of `other` settings.

        Such as "healthy, seed 3", if the other's seed is 0.
        """
        names = [self.switch_name]
        if self.corpus != other.corpus:
            names.append(self.corpus.name)
        if self.steps != other.steps:
            names.append(f"{self.steps:,} steps")
        if self.seed != other.seed:
            names.append(f"seed {self.seed}")
        if self.backend != other.backend:
            names.append(self.backend)
        return ", ".join(names)

    def model_config(self, vocab_size: int) -> GPTConfig:
        """Return the architecture of the model."""
        return GPTConfig(
            vocab_size, BLOCK_SIZE, n_layer=2, n_head=4, n_embd=48,
            activation="gelu", final_norm=True, init_std=INIT_STD * self.switch.init_factor,
        )  # fmt: skip

    def lr_schedule(self) -> Schedule:
        """Return the learning rate of each step, counted from 0."""
        warmup_steps = min(self.switch.warmup_steps, self.steps // 4)
        return linear_schedule(LR * self.switch.lr_factor, self.steps, warmup_steps)

"""The benchmark's workloads, each described so that a reader can check it."""

from dataclasses import dataclass

from microgpt.config.checks import check_choice

# Units of time, and the number of them in a second. Every other unit is a rate.
TIME_UNITS = {"µs": 1e6, "ms": 1e3, "s": 1.0}


@dataclass(frozen=True)
class Workload:
    """A workload: `title` describes one measurement, `unit` is the unit of its numbers.

    A block takes `seconds` or slightly more; each worker uses about `memory_mib` MiB of memory.
    """

    name: str
    title: str
    unit: str
    seconds: float
    memory_mib: int = 300

    @property
    def higher_is_better(self) -> bool:
        """Whether the unit is a rate."""
        return self.unit not in TIME_UNITS

    def in_unit(self, seconds: float) -> float:
        """Convert seconds per step, token or character to this workload's unit."""
        return 1 / seconds if self.higher_is_better else seconds * TIME_UNITS[self.unit]


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("recipe", "One training step of the microgpt recipe: a model of 4,192 parameters "
                 "learns from one name; the mean over the first 1,000", "µs", 0.5),
        Workload("batch", "One training step of the same model on 32 texts of 16 tokens", "µs",
                 0.3),
        Workload("char", "One training step of a character model: 4 layers, 4 heads, 128 "
                 "channels, on 12 texts of 64 characters out of 65", "ms", 0.5),
        Workload("gpt2", "One training step of a GPT-2 with 124 million random parameters on 4 "
                 "texts of 64 tokens", "ms", 2.0, 3200),
        Workload("generate", "Greedy decoding with a GPT-2 of random parameters: 64 tokens after "
                 "a prompt of 16", "tokens/s", 1.0, 1400),
        Workload("names", "Names sampled one by one from the trained model of names",
                 "characters/s", 0.5),
        Workload("start", "From starting Python to the end of the first training step, kernels "
                 "compiled before", "s", 0.0),
        Workload("scaling", "One training step while one size grows", "ms", 0.2),
        Workload("products", "The three matrix products of a linear layer's training step (y, dx "
                 "and dW) in float32, for the layers of three models", "GFLOP/s", 0.2),
    )
}  # fmt: skip


def select_workloads(names: list[str] | None) -> list[Workload]:
    """Return the workloads with these names, in the order of WORKLOADS; all of them for None."""
    if names is None:
        return list(WORKLOADS.values())
    for name in names:
        check_choice("workloads", name, tuple(WORKLOADS))
    return [workload for workload in WORKLOADS.values() if workload.name in names]

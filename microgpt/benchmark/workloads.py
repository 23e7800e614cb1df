"""What is measured: one entry for each work, in words a reader can check."""

from dataclasses import dataclass

from microgpt.errors import SettingError

# Unit of a time -> how many of it a second has. Every other unit is a rate.
TIMES = {"µs": 1e6, "ms": 1e3, "s": 1.0}


@dataclass(frozen=True)
class Work:
    """A work: `title` says what one measurement is, `unit` what its numbers are in.

    A block of it takes `seconds` or little more, and each contender holds about `mib` of memory.
    """

    name: str
    title: str
    unit: str
    seconds: float
    mib: int = 300

    @property
    def is_rate(self) -> bool:
        """Whether more is better."""
        return self.unit not in TIMES

    def number(self, seconds: float) -> float:
        """Seconds for one thing, in this work's unit."""
        return 1 / seconds if self.is_rate else seconds * TIMES[self.unit]


WORKS = {
    work.name: work
    for work in (
        Work("recipe", "One training step of the microgpt recipe: a model of 4,192 numbers learns "
             "from one name; the mean over the first 1,000", "µs", 0.5),
        Work("batch", "One training step of the same model on 32 texts of 16 tokens", "µs", 0.3),
        Work("char", "One training step of a model of letters: 4 layers, 4 heads, 128 wide, on 12 "
             "texts of 64 letters out of 65", "ms", 0.5),
        Work("gpt2", "One training step in the shape of GPT-2: 124 million numbers (random ones) "
             "on 4 texts of 64 tokens", "ms", 2.0, 3200),
        Work("generate", "Text in the shape of GPT-2 (random numbers): 64 tokens after 16, each "
             "the most likely one", "tokens/s", 1.0, 1400),
        Work("names", "Names drawn one by one from the trained model of names", "characters/s",
             0.5),
        Work("start", "From starting Python to the end of the first training step, kernels "
             "compiled before", "s", 0.0),
        Work("scaling", "One training step while one size grows", "ms", 0.2),
    )
}  # fmt: skip


def chosen(names: list[str] | None) -> list[Work]:
    """The works of these names in the order of the table; all of them by default."""
    if names is None:
        return list(WORKS.values())
    for name in names:
        if name not in WORKS:
            raise SettingError(f"there is no work {name!r}; known: {', '.join(WORKS)}")
    return [work for work in WORKS.values() if work.name in names]

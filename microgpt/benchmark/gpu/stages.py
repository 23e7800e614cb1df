"""The stages of a report, in their order."""

from typing import NamedTuple

from microgpt.config.checks import check_choice


class Stage(NamedTuple):
    """`seconds` limit it; a stage that `is_timed` measures speed, which takes a GPU.

    `environment` is what its process gets besides.
    """

    title: str
    seconds: float
    is_timed: bool = False
    environment: dict[str, str] = {}  # noqa: RUF012 (a named tuple's default is never changed)


POISONED = {"MICROGPT_POISON": "1"}  # new memory holds NaN, which no result may show
STAGES = {
    "machine": Stage("What is here", 40),
    "operations": Stage("Every operation against NumPy, in both dtypes", 300, False, POISONED),
    "instructions": Stage("Each PTX instruction against its twin in Python", 40, False, POISONED),
    "replay": Stage("Recorded steps, repeated runs, resumed runs", 240),
    "sanitizer": Stage("A training step under compute-sanitizer", 240),
    "kernel_speed": Stage("Speed: kernels that only read and write memory", 60, True),
    "product_speed": Stage("Speed: matrix products", 90, True),
    "training_speed": Stage("Speed: training steps", 300, True),
    "sampling_speed": Stage("Speed: sampling", 60, True),
}


def select_stages(names: list[str] | None) -> list[str]:
    """Return the names of the chosen stages in their order; all of them for None."""
    for name in names or ():
        check_choice("stages", name, tuple(STAGES))
    return [name for name in STAGES if names is None or name in names]

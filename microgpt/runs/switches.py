"""The switches of a recorded run: one small change each, with the symptom that it predicts."""

from dataclasses import dataclass

WARMUP_STEPS = 30
NEXT, SAME, SHUFFLED = "next token", "same token", "shuffled"  # what the targets are


@dataclass(frozen=True)
class Switch:
    """What differs from the healthy run, and the symptom to look for.

    `lr_factor` multiplies the learning rate, `init_factor` the initial weights. `targets` are the
    next tokens, the same tokens (not shifted), or the next tokens of the batch in random order.
    """

    name: str
    symptom: str
    lr_factor: float = 1.0
    init_factor: float = 1.0
    warmup_steps: int = WARMUP_STEPS
    zeroes_grads: bool = True
    clips: bool = True
    targets: str = NEXT


HEALTHY = "healthy"

SWITCHES = {
    switch.name: switch
    for switch in (
        Switch(HEALTHY, "the loss crosses one dashed line after the other"),
        Switch(
            "lr × 100",
            "for hundreds of steps it learns little more than how often each letter comes",
            lr_factor=100.0,
        ),
        Switch("lr ÷ 30", "a straight and slow descent", lr_factor=1 / 30),
        Switch(
            "gradients not zeroed",
            "the loss falls, turns and climbs; the gradient norm grows without end",
            zeroes_grads=False,
        ),
        Switch(
            "init × 10",
            "it starts above the loss of guessing blindly, and the updates are small for the "
            "weights",
            init_factor=10.0,
        ),
        Switch(
            "targets not shifted",
            "the loss looks too good, and held-out text is worse than guessing blindly",
            targets=SAME,
        ),
        Switch("targets shuffled", "it stops near the line of counted letters", targets=SHUFFLED),
        Switch("lr × 10, with warm-up", "it falls sooner, then lags behind", lr_factor=10.0),
        Switch(
            "lr × 10, without warm-up",
            "no clear difference from the one with warm-up",
            lr_factor=10.0,
            warmup_steps=0,
        ),
        Switch("no clipping", "over 1,500 steps no difference is seen", clips=False),
    )
}

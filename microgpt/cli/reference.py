"""Run the microgpt recipe exactly."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", default="names", help="names-mini needs no network")
    parser.add_argument(
        "--engine",
        choices=("value", "tape", "tensor"),
        default="tensor",
        help="value: exact to the last bit; tape: exact and fast",
    )
    parser.add_argument(
        "--dtype", choices=("float32", "float64"), default="float64", help="of the tensor engine"
    )
    parser.add_argument("--replay", action="store_true", help="capture steps and replay them")
    parser.add_argument(
        "--steps", type=int, default=1000, help="steps, and the length of the schedule"
    )
    parser.add_argument("--seed", type=int, default=42, help="seed of everything")


def run(options: argparse.Namespace) -> int:
    from microgpt.cli.progress import Progress
    from microgpt.config.checks import check_integer
    from microgpt.data import load_corpus
    from microgpt.errors import SettingError
    from microgpt.reference import run as run_reference

    check_integer("steps", options.steps, minimum=1)
    if options.engine != "tensor" and options.replay:
        expected = "tensor with {replay}, as others have nothing to replay"
        raise SettingError("engine", expected, options.engine, replay=True)
    if options.engine != "tensor" and options.dtype != "float64":
        expected = "tensor with {dtype}, as others are float64"
        raise SettingError("engine", expected, options.engine, dtype=options.dtype)
    with Progress(options.steps, "step") as progress:
        run = run_reference(
            load_corpus(options.corpus).documents,
            seed=options.seed,
            num_steps=options.steps,
            engine=options.engine,
            dtype=options.dtype,
            capture=options.replay,
            on_step=lambda step, loss: progress.update(1, f"loss {loss:.3f}"),
        )
    warm = sorted(run.seconds[len(run.seconds) // 3 :])  # the first steps include compilation
    for step in sorted({0, 1, 2, options.steps - 1} & set(range(options.steps))):
        print(f"step {step:4d}  loss {run.losses[step]!r}")
    print("samples:", ", ".join(run.samples))
    print(f"a step after warm-up: median {warm[len(warm) // 2] * 1e6:,.0f} µs, "
          f"mean {sum(warm) / len(warm) * 1e6:,.0f} µs")  # fmt: skip
    return 0

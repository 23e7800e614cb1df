"""Run the microgpt recipe exactly."""

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--corpus", default="names", help="names-mini needs no network")
    parser.add_argument(
        "--engine",
        choices=("value", "tape", "tensor"),
        default="tensor",
        help="value: to the last bit; tape: so too, and fast",
    )
    parser.add_argument(
        "--dtype", choices=("float32", "float64"), default="float64", help="of the tensors"
    )
    parser.add_argument("--replay", action="store_true", help="record steps and replay them")
    parser.add_argument("--steps", type=int, default=1000, help="the schedule's length too")
    parser.add_argument("--seed", type=int, default=42, help="of everything")


def run(options: argparse.Namespace) -> int:
    from tqdm import tqdm

    from microgpt.data import load_corpus
    from microgpt.errors import SettingError
    from microgpt.reference import run as run_reference

    if options.steps < 1:
        raise SettingError(f"--steps must be 1 or above; got {options.steps}")
    if options.engine != "tensor" and (options.replay or options.dtype == "float32"):
        raise SettingError(f"--engine {options.engine} is float64 and has nothing to replay")
    with tqdm(total=options.steps, unit="step", disable=None) as bar:
        run = run_reference(
            load_corpus(options.corpus).documents,
            seed=options.seed,
            num_steps=options.steps,
            engine=options.engine,
            dtype=options.dtype,
            replay=options.replay,
            on_step=lambda step, loss: bar.update(),
        )
    warm = sorted(run.seconds[len(run.seconds) // 3 :])
    for step in sorted({0, 1, 2, options.steps - 1} & set(range(options.steps))):
        print(f"step {step:4d}  loss {run.losses[step]!r}")
    print("samples:", ", ".join(run.samples))
    print(f"a step after warm-up: median {warm[len(warm) // 2] * 1e6:,.0f} µs, "
          f"mean {sum(warm) / len(warm) * 1e6:,.0f} µs")  # fmt: skip
    return 0

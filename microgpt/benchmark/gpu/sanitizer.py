"""One training step of two models under NVIDIA's compute-sanitizer, where it is installed."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import microgpt as mg
from microgpt import backends
from microgpt.benchmark.gpu.replay import configs
from microgpt.benchmark.gpu.rows import NOTE, WRONG, Row, judged

PROGRAM = "compute-sanitizer"
USUAL_PATH = Path("/usr/local/cuda/bin")
TOOLS = "memcheck", "racecheck"
FOUND = 9  # the exit status that stands for an error found
LENGTH = 8  # of the texts, since each access is slow
SECONDS = 100  # for one tool on one model


def rows(is_emulated: bool) -> Iterator[Row]:
    """Yield what each tool finds in a step of each model."""
    program = shutil.which(PROGRAM) or shutil.which(PROGRAM, path=USUAL_PATH)
    if is_emulated or program is None:
        reason = "emulated: the interpreter has watched every access" if is_emulated else (
            f"{PROGRAM} is not installed; it comes with NVIDIA's CUDA toolkit"
        )  # fmt: skip
        yield Row(PROGRAM, NOTE, reason)
        return
    for tool in TOOLS:
        for name in configs(is_emulated):
            yield _run(program, tool, name)


def _run(program: str, tool: str, name: str) -> Row:
    command = [program, "--tool", tool, "--error-exitcode", str(FOUND), sys.executable, "-P", "-m"]
    what = f"{tool}, a step of {name}"
    try:
        run = subprocess.run(
            [*command, __name__, name], capture_output=True, text=True, errors="replace",
            timeout=SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Row(what, NOTE, f"not finished after {SECONDS} s")
    lines = [line for line in run.stdout.splitlines() if line.startswith("=========")]
    last = lines[-1].strip("= ") if lines else run.stderr.strip()[-300:]
    if run.returncode not in (0, FOUND):
        return Row(what, WRONG, f"ended with status {run.returncode}: {last}")
    first = next((line.strip("= ") for line in lines[1:]), last)
    return judged(what, run.returncode == 0, last, f"{last}; the first: {first}")


def train_one_step(name: str) -> None:
    """What is looked at: one eager step on the device."""
    config = configs(is_emulated=False)[name]
    shape = 2, min(config.block_size, LENGTH) + 1
    ids = np.random.default_rng(0).integers(0, config.vocab_size, shape).astype(np.int32)
    with backends.using("cuda"):
        model = mg.GPT(config, seed=3)
        optimizer = mg.AdamW(model, lr=0.01)
        optimizer.zero_grad()
        loss = model.loss(ids[:, :-1], ids[:, 1:])
        loss.backward()
        mg.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()


if __name__ == "__main__":
    backends.use("numpy")
    train_one_step(sys.argv[1])

"""Check a GPU and measure it, stage by stage; needs the source, numba-cuda and no network."""

import argparse
import os
from pathlib import Path

FOLDER_VARIABLE, FOLDER = "MICROGPT_REPORT_DIR", "gpu-report"
MAX_MINUTES = 24 * 60
IN_WORDS = {
    "done": "done",
    "wrong": "something is WRONG",
    "failed": "it failed",
    "stopped": "not finished",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stages", type=_names, metavar="NAMES", help="some of them, with commas (default: all)"
    )
    parser.add_argument("--minutes", type=float, default=9.5, help="when to stop")
    parser.add_argument(
        "--out", metavar="FOLDER",
        help=f"for report.md and report.json (default: {FOLDER_VARIABLE}, else {FOLDER})",
    )  # fmt: skip


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def run(options: argparse.Namespace) -> int:
    from microgpt import backends
    from microgpt.benchmark.gpu.report import GpuReport
    from microgpt.benchmark.gpu.run_stages import run_stages
    from microgpt.benchmark.gpu.stages import STAGES, select_stages
    from microgpt.checkpoints import ensure_writable
    from microgpt.config.checks import check_number
    from microgpt.errors import SettingError

    if options.backend:
        raise SettingError(
            "backend", "left out, since gpu-report runs 'cuda' and compares it", options.backend
        )
    check_number("minutes", options.minutes, above=0, maximum=MAX_MINUTES)
    names = select_stages(options.stages)
    backends.check_available("cuda")
    report = GpuReport(Path(options.out or os.environ.get(FOLDER_VARIABLE) or FOLDER))
    ensure_writable(report.folder)
    status = 0
    for name, state in run_stages(report, names, options.minutes):
        print(f"{STAGES[name].title} ({name}): {IN_WORDS[state]}", flush=True)
        if state in ("wrong", "failed"):
            status = 1
    print(f"written: {report.markdown_path} and {report.json_path.name} beside it")
    if missing := report.missing():
        print(f"missing: {', '.join(missing)}; go on with `--stages {','.join(missing)}`")
    return status

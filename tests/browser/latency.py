"""Prints how long a live view takes from a key to its picture; a report, which never fails.

In JupyterLab in a real Chromium, for each kernel and view: a key is pressed, and the page itself
measures from its `keydown` event to the change of the view's HTML in the document, so the way to
the kernel and back is included and the painting is not. Each key waits for the picture of the one
before. Keys are arrows on a slider, Enter on the game's keys and buttons, and Enter
on the Stop and Start of what trains, which end at the picture that says so.

Run as `python tests/browser/latency.py [--keys 40]`.
"""

import argparse
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Locator, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.install import FLAGS, find_browser
from browser.lab import Lab
from browser.notebook import Notebook
from browser.server import KERNELS, jupyterlab

EXPLORER, TAIL, GAME, STETHOSCOPE, MERGES, NEIGHBOURHOOD, FLIGHT, MONITOR = range(1, 9)
CELLS = [
    "import ipykernel\nimport microgpt as mg\nprint(ipykernel.__version__)",
    "mg.widgets.SamplingExplorer('names')",
    "mg.widgets.SamplingExplorer('long tail (made-up numbers)')",
    "mg.widgets.GuessNext('names')",
    "mg.widgets.Stethoscope()",
    "mg.widgets.MergeTimeMachine('unbelievable tokenization, ' * 7, merges=100)",
    "mg.widgets.Neighbourhood()",
    "mg.widgets.FlightRecorder(steps=1_000_000, backend='numpy')",
    "model = mg.GPT(mg.GPTConfig.microgpt(), backend='numpy')\n"
    "mg.widgets.TrainingMonitor(model, mg.load_corpus('names-mini'), steps=1_000_000)",
]


def picture(panel: Locator) -> Locator:
    return panel.locator(".mg-picture .widget-html-content")


def time_slider(
    notebook: Notebook, index: int, num_keys: int, name: str = "Temperature"
) -> list[float]:
    """Five steps to the left and five to the right, again and again: each changes the picture."""
    panel = notebook.panel(index)
    panel.get_by_role("slider", name=f"{name} slider").focus()
    keys = itertools.cycle(["ArrowLeft"] * 5 + ["ArrowRight"] * 5)
    return [notebook.time_key(key, picture(panel)) for key in itertools.islice(keys, num_keys)]


def time_buttons(
    notebook: Notebook, index: int, presses: list[tuple[str, str]], num_keys: int
) -> list[float]:
    """Enter on (button, text that its picture contains), again and again."""
    panel, times = notebook.panel(index), []
    for name, text in itertools.islice(itertools.cycle(presses), num_keys):
        button = panel.get_by_role("button", name=name, exact=True)
        button.and_(panel.locator(":enabled")).focus()
        times.append(notebook.time_key("Enter", picture(panel), text))
    return times


def time_views(notebook: Notebook, num_keys: int) -> Iterator[tuple[str, list[float]]]:
    """(view, ms of its keys), for each view; the monitor trains from the fourth on."""
    for index in range(FLIGHT):
        notebook.run_cell(index)
    yield "sampling explorer", time_slider(notebook, EXPLORER, num_keys)
    yield "sampling explorer, 50,257 words", time_slider(notebook, TAIL, num_keys)
    guess, next_round = ("e", " %"), ("Next round", "after your guess")
    game = [guess, next_round, guess, next_round, guess, ("Play again", "after your guess")]
    yield "guessing game", time_buttons(notebook, GAME, game, num_keys)
    yield "chain-rule stethoscope", time_slider(notebook, STETHOSCOPE, num_keys, "w =")
    merges = time_slider(notebook, MERGES, num_keys, "Merges allowed")
    yield "merge time machine, 189 bytes", merges
    yield "neighbourhood", time_slider(notebook, NEIGHBOURHOOD, num_keys, "Snapshot")
    notebook.run_cell(FLIGHT)
    stop_and_start = [("Start", "running"), ("Stop", "stopped")]
    yield "flight recorder", time_buttons(notebook, FLIGHT, stop_and_start, num_keys // 2 * 2)
    notebook.run_cell(MONITOR)
    stop_and_resume = [("Stop", "stopped:"), ("Go on", "training:")]
    yield "training monitor", time_buttons(notebook, MONITOR, stop_and_resume, num_keys // 2 * 2)
    yield "sampling explorer, beside training", time_slider(notebook, EXPLORER, num_keys)


def print_load() -> None:
    load = " ".join(f"{value:.1f}" for value in psutil.getloadavg())
    print(f"{os.cpu_count()} processors, load average over 1, 5, 15 minutes: {load}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=40, help="keys for each view")
    num_keys = parser.parse_args().keys
    print_load()
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyterlab(Path(folder)) as server,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=find_browser(play), args=FLAGS)
        lab = Lab(server, browser)
        for kernel in KERNELS:
            with lab.open(CELLS, kernel) as notebook:
                for row, (view, times) in enumerate(time_views(notebook, num_keys)):
                    if row == 0:
                        version = notebook.outputs(0).inner_text().strip()
                        title = f"ipykernel {version}, ms from key to picture"
                        print(f"\n{title:<45}{'p50':>7}{'p95':>7}{'max':>7}{'keys':>7}")
                    p50, p95, maximum = np.percentile(times, [50, 95, 100])
                    columns = f"{p50:7.0f}{p95:7.0f}{maximum:7.0f}{len(times):7}"
                    print(f"{view:<45}{columns}", flush=True)
        browser.close()
    print()
    print_load()


if __name__ == "__main__":
    main()

"""A newcomer's first minutes in notebook 00: nothing compiled yet, and nothing silent."""

import queue
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager

PATH = Path(__file__).parents[2] / "notebooks" / "00_start_here.ipynb"


@pytest.fixture
def newcomer(monkeypatch, tmp_path):
    """A kernel for which nothing was compiled, spoken to as JupyterLab does."""
    for name in ("MICROGPT_POISON", "MICROGPT_DEBUG", "MICROGPT_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MICROGPT_CACHE", str(tmp_path / "cache"))
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(extra_arguments=["--log-level=40"], cwd=str(tmp_path))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, code):
    """Run a cell as a front end does; the seconds it took, and what it showed."""
    message = client.session.msg(
        "execute_request",
        {
            "code": code, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        },
        metadata={"cellId": "cell"},
    )  # fmt: skip
    begun, shown, status = time.perf_counter(), [], ""
    client.shell_channel.send(message)
    while status != "idle":
        try:
            answer = client.get_iopub_msg(timeout=60)
        except queue.Empty:
            pytest.fail(f"nothing for a minute: {code}")
        if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        content = answer["content"]
        assert answer["msg_type"] != "error", content.get("evalue")
        status = content.get("execution_state", status)
        if "data" in content and "text/plain" in content["data"]:
            shown.append(content["data"]["text/plain"])
    return time.perf_counter() - begun, " ".join(shown)


@pytest.mark.slow
def test_from_nothing_to_a_model_of_ones_own(newcomer):
    notebook = nbformat.read(PATH, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    spent = 0.0
    for number, cell in enumerate(cells):
        seconds, shown = run(newcomer, cell.source)
        spent += seconds
        if number == 0:
            assert seconds < 2
            assert "Ready: Python" in shown
            assert "runs on NumPy" in shown
        if "GuessNext" in cell.source:
            assert seconds < 2, "the first picture"
            assert 'A name begins with "' in shown
        if "sample_table" in cell.source:
            assert spent < 30, "the first names"
            assert "andra" in shown
        if "monitor.wait()" in cell.source:
            assert spent < 15, "a model of one's own, in seconds of the machine"
            break
        # A longer wait announces itself: the monitor by its progress.
        assert seconds < (1 if number > 1 else 2), cell.source
    _, shown = run(newcomer, "monitor")
    assert "At step 1,000" in shown
    _, shown = run(newcomer, "mg.widgets.errors()")
    assert shown.endswith("[]")

"""One real JupyterLab server with settings and folders of its own, and two kernels."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from browser.install import OLD_KERNEL_FOLDER

START_SECONDS = 180
OLD_KERNEL_LAUNCHER = Path(__file__).with_name("old_kernel.py")

# The name of each kernelspec, and the folder that goes before all others on its path.
KERNELS: dict[str, Path | None] = {"installed": None, "ipykernel-7.3": OLD_KERNEL_FOLDER}


@dataclass(frozen=True)
class Server:
    """Where JupyterLab answers and the folder that it shows."""

    url: str
    token: str
    root: Path


def _write(path: Path, content: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")


def _write_kernels(folder: Path) -> None:
    for name, first in KERNELS.items():
        paths = [str(first)] if first else []
        launcher = [str(OLD_KERNEL_LAUNCHER)] if first else ["-m", "ipykernel_launcher"]
        paths += filter(None, [os.environ.get("PYTHONPATH")])
        specification = {
            "argv": [sys.executable, *launcher, "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "metadata": {"debugger": True},
            "env": {"PYTHONPATH": os.pathsep.join(paths)} if paths else {},
        }
        _write(folder / "kernels" / name / "kernel.json", specification)


def _environment(folder: Path) -> dict[str, str]:
    """Ours without what slows kernels down for other tests; all of Jupyter's folders are new."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("JUPYTER", "PYTEST")) and name not in NOT_FOR_LEARNERS
    }
    for variable, part in FOLDERS.items():
        environment[variable] = str(folder / part)
    return environment


NOT_FOR_LEARNERS = {"MICROGPT_POISON", "MICROGPT_DEBUG"}
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_it_answers(server: Server, process: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{server.url}/api?token={server.token}", timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text('utf-8')[-2000:]}")


@contextlib.contextmanager
def jupyterlab(folder: Path) -> Iterator[Server]:
    """A JupyterLab that runs in `folder` until the block ends; it fetches neither news nor updates.

    `window.jupyterapp` is exposed in its pages, so tests can run its commands by name.
    """
    root = folder / "notebooks"
    root.mkdir(parents=True)
    _write_kernels(folder / "data")
    _write(
        folder / "settings" / "@jupyterlab" / "apputils-extension"
        / "notification.jupyterlab-settings",
        {"fetchNews": "false", "checkForUpdates": False},
    )  # fmt: skip
    port = _free_port()
    server = Server(f"http://127.0.0.1:{port}", secrets.token_hex(16), root)
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.root_dir": root,
        "IdentityProvider.token": server.token,
        "LabApp.news_url": None,
        "LabApp.expose_app_in_browser": True,
    }
    arguments = [f"--{key}={value}" for key, value in options.items()]
    log = folder / "server.log"
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *arguments],
            env=_environment(folder), cwd=folder, stdout=output, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_until_it_answers(server, process, log)
            yield server
        finally:
            process.terminate()  # the server ends its kernels
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

"""Installs what the browser tests need: a Chromium, and the older ipykernel beside the new one.

Run as `python tests/browser/install.py`. What is there already is left alone.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

OLD_KERNEL = "7.3.0"
OLD_KERNEL_FOLDER = Path(sys.prefix) / "share" / "browser-tests" / f"ipykernel-{OLD_KERNEL}"

# Chromium runs offline here: nothing is fetched, synchronised or updated behind a test.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CONNECT_MS = 5_000  # for each of the mirrors that Playwright tries in turn
DOWNLOAD_SECONDS = 300
PACKAGE_SECONDS = 600


def find_browser(playwright) -> str | None:
    """The path of Playwright's Chromium, else of the system's, else None."""
    bundled = playwright.chromium.executable_path
    if Path(bundled).is_file():
        return bundled
    return next(filter(None, map(shutil.which, SYSTEM_NAMES)), None)


def _starts() -> bool:
    """Whether there is a Chromium that loads a page (a file alone may lack its libraries)."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        path = find_browser(playwright)
        if path is None:
            return False
        try:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            answer = browser.new_page().evaluate("6 * 7")
            browser.close()
        except Error as error:
            print(f"{path} does not start: {str(error).splitlines()[0]}")
            return False
        return answer == 42


def _runs(command: list[str], seconds: float, **environment: str) -> bool:
    print("trying:", " ".join(command), flush=True)
    with tempfile.TemporaryFile("w+") as log:  # a pipe would wait for what a killed command left
        try:
            status = subprocess.run(
                command, timeout=seconds, env=os.environ | environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            ).returncode  # fmt: skip
        except (subprocess.TimeoutExpired, FileNotFoundError) as error:
            print(error)
            return False
        if status != 0:
            log.seek(0)
            print("".join(log.readlines()[-3:]))
    return status == 0


def _from_playwright() -> bool:
    return _runs(
        [sys.executable, "-m", "playwright", "install", "chromium"],
        DOWNLOAD_SECONDS,
        PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT=str(CONNECT_MS),
    )


def _from_debian() -> bool:
    if not shutil.which("apt-get"):
        return False
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    prefix = [] if root else ["sudo", "--non-interactive"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    return _runs([*prefix, "apt-get", "update"], PACKAGE_SECONDS, **quiet) and _runs(
        [*prefix, "apt-get", "install", "--yes", "chromium"], PACKAGE_SECONDS, **quiet
    )


def install_browser() -> bool:
    """Whether a Chromium starts, after the first of the ways to get one that works."""
    return _starts() or (_from_playwright() and _starts()) or (_from_debian() and _starts())


def install_old_kernel() -> bool:
    """Whether the older ipykernel lies in its folder, complete."""
    if OLD_KERNEL_FOLDER.is_dir():
        return True
    OLD_KERNEL_FOLDER.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OLD_KERNEL_FOLDER.parent) as temporary:
        target = Path(temporary) / "complete"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        if not _runs([*command, str(target), f"ipykernel=={OLD_KERNEL}"], PACKAGE_SECONDS):
            return False
        target.rename(OLD_KERNEL_FOLDER)  # half a folder is never found
    return True


def install() -> int:
    """Installs both; returns 0, or 1 after a sentence that says what to do."""
    if not install_browser():
        print(
            "The browser tests need a Chromium and none could be installed; install one by hand "
            "(`python -m playwright install --with-deps chromium`, or the package `chromium` of "
            "your system) and run this again."
        )
        return 1
    if not install_old_kernel():
        print(
            f"The browser tests need ipykernel {OLD_KERNEL} in {OLD_KERNEL_FOLDER} and pip could "
            "not fetch it; connect to a package index and run this again."
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(install())

"""Check which microgpt Python imports, and whether other files or packages shadow it."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import microgpt
from microgpt.diagnostics.report import Finding
from microgpt.diagnostics.versions import DISTRIBUTION, installed_version

PACKAGE = Path(microgpt.__file__).resolve().parent


def installation_findings() -> Iterator[Finding]:
    """Yield a finding on whether the imported package is the installed one, of the same version."""
    expected, installed = installed_location()
    if expected is None:
        text = f"microgpt {microgpt.__version__} runs from {PACKAGE}, where pip did not install it"
        yield Finding("package", "note", text)
    elif expected.resolve() != PACKAGE:
        yield Finding(
            "package",
            "problem",
            f"Python loaded microgpt from {PACKAGE}, but pip installed it in {expected}",
            "start from another folder, or take that folder out of PYTHONPATH",
        )
    elif installed not in (None, microgpt.__version__):
        yield Finding(
            "package",
            "problem",
            f"microgpt {installed} is installed, but {microgpt.__version__} is still loaded",
            "restart the kernel",
        )
    else:
        where = "from the checkout that pip points to" if installed is None else "as installed"
        yield Finding("package", "ok", f"microgpt {microgpt.__version__}, {where}")


def conflict_findings(thorough: bool = True) -> Iterator[Finding]:
    """Yield a finding for each other file, folder or distribution that provides `microgpt`.

    With `thorough` False, only a distribution named microgpt is looked for, which is faster.
    """
    installed, _ = installed_location()
    for path in shadowing_paths(map(Path, (os.curdir, *sys.path))):
        if installed is not None and path.resolve() == installed.resolve():
            continue  # the right one; `installation_findings` reports the copy loaded instead
        yield Finding(
            "name",
            "problem",
            f"{path} has this package's name, so Python may load it instead",
            "rename it, and restart the kernel",
        )
    likely = ["microgpt"] if installed_version("microgpt") else []
    for other in _conflicting_distributions() if thorough else likely:
        yield Finding(
            "name",
            "problem",
            f"the distribution {other!r} installs a package named microgpt as well",
            f"`pip uninstall {other}`, then `pip install --force-reinstall {DISTRIBUTION}`",
        )


def shadowing_paths(folders: Iterable[Path], package: Path = PACKAGE) -> list[Path]:
    """Return files and packages in `folders` that `import microgpt` could find instead of ours."""
    shadowing: dict[Path, None] = {}
    for folder in folders:
        for path in (folder / "microgpt.py", folder / "microgpt" / "__init__.py"):
            try:
                other = path.is_file() and path.resolve().parent != package
            except OSError:  # no permission to read the folder
                continue
            if other:
                culprit = path.parent if path.name == "__init__.py" else path
                shadowing[Path(os.path.abspath(culprit))] = None
    return list(shadowing)


def installed_location() -> tuple[Path | None, str | None]:
    """Return where pip installed the package, and its version.

    The version is None for an editable install; both are None if pip did not install the package.
    """
    try:
        distribution = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None, None
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        return Path(url2pathname(urlparse(origin["url"]).path)) / "microgpt", None
    return Path(str(distribution.locate_file("microgpt"))), distribution.version


def _conflicting_distributions() -> list[str]:
    """Return other distributions with a package `microgpt`, whose files may have replaced ours."""
    names = metadata.packages_distributions().get("microgpt", [])
    return sorted({name for name in names if name.lower().replace("_", "-") != DISTRIBUTION})

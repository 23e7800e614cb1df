"""Versions: is this microgpt the one that a notebook was written for?"""

import re
from importlib import metadata

from microgpt import __version__
from microgpt.errors import MicrogptError, SettingError

DISTRIBUTION = "microgpt-lab"


def require(version: str) -> None:
    """Nothing, if this microgpt is `version` ("0.1") or newer in the same series; else an error.

    A series is 0.1, 0.2, …, and from 1.0 on 1, 2, …: within one, notebooks keep working.
    """
    if not isinstance(version, str) or not re.fullmatch(r"\d+(\.\d+)*", version):
        raise SettingError(f'a version is a text such as "0.1"; got {version!r}')
    wanted, here = numbers(version), numbers(__version__)
    if _series(here) == _series(wanted) and here >= wanted:
        return
    series = ".".join(map(str, _series(wanted)))
    installed = installed_version()
    there = numbers(installed or "")
    if installed and _series(there) == _series(wanted) and there >= wanted:
        remedy = f"microgpt {installed} is installed meanwhile: restart the kernel to use it"
    else:
        remedy = f'run `pip install -U "{DISTRIBUTION}=={series}.*"` and restart the kernel'
        if here > wanted:
            remedy += "; or run `microgpt lab`, which puts this version's notebooks beside yours"
    raise MicrogptError(
        f"this was written for microgpt {version}, and here is {__version__}; {remedy}"
    )


def numbers(version: str) -> tuple[int, ...]:
    """The leading whole numbers of a version, at least three: "0.2rc1" is (0, 2, 0)."""
    leading = re.match(r"\d+(\.\d+)*", version)
    parts = [int(part) for part in leading.group().split(".")] if leading else []
    return (*parts, *[0] * (3 - len(parts)))


def _series(version: tuple[int, ...]) -> tuple[int, ...]:
    return version[:1] if version[0] else version[:2]


def installed_version(distribution: str = DISTRIBUTION) -> str | None:
    """The version that pip installed, read without loading the package; None if it did not."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def minimum_versions() -> dict[str, str]:
    """The oldest version of each library that this package works with."""
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        required = []
    found = (re.match(r"([\w.-]+)>=([\d.]+)", line.replace(" ", "")) for line in required)
    return {match[1].lower(): match[2] for match in found if match}

"""Check versions: `require` raises if a notebook was written for another microgpt."""

import re
from importlib import metadata

from microgpt import __version__
from microgpt.errors import MicrogptError, SettingError

DISTRIBUTION = "microgpt-lab"


def require(version: str) -> None:
    """Raise MicrogptError unless this is microgpt `version` ("0.1") or newer in the same series.

    Within a series notebooks keep working. The series are 0.1, 0.2, … and, from 1.0 on, 1, 2, ….
    """
    if not isinstance(version, str) or not re.fullmatch(r"\d+(\.\d+)*", version):
        raise SettingError("version", 'a string such as "0.1"', version)
    required, loaded = parse_version(version), parse_version(__version__)
    if _is_compatible(loaded, required):
        return
    series = ".".join(map(str, _series(required)))
    installed = installed_version()
    if installed and _is_compatible(parse_version(installed), required):
        remedy = f"microgpt {installed} is installed meanwhile: restart the kernel to use it"
    else:
        remedy = f'run `pip install -U "{DISTRIBUTION}=={series}.*"` and restart the kernel'
        if loaded > required:
            remedy += "; or run `microgpt lab`, which puts this version's notebooks beside yours"
    raise MicrogptError(
        f"this was written for microgpt {version}, and here is {__version__}; {remedy}"
    )


def parse_version(version: str) -> tuple[int, ...]:
    """Return the leading integers of a version, padded to three: "0.2rc1" is (0, 2, 0)."""
    leading = re.match(r"\d+(\.\d+)*", version)
    parts = [int(part) for part in leading.group().split(".")] if leading else []
    return (*parts, *[0] * (3 - len(parts)))


def _is_compatible(version: tuple[int, ...], required: tuple[int, ...]) -> bool:
    return _series(version) == _series(required) and version >= required


def _series(version: tuple[int, ...]) -> tuple[int, ...]:
    return version[:1] if version[0] else version[:2]


def installed_version(distribution: str = DISTRIBUTION) -> str | None:
    """Return the installed version, without importing the package; None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def minimum_versions() -> dict[str, str]:
    """Return the minimum version of each library that this package requires."""
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        required = []
    matches = (re.match(r"([\w.-]+)>=([\d.]+)", line.replace(" ", "")) for line in required)
    return {match[1].lower(): match[2] for match in matches if match}

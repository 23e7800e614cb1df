"""How much the caches of a core hold, for code that keeps there what it reads again."""

from pathlib import Path
from typing import NamedTuple

LINUX_FOLDER = Path("/sys/devices/system/cpu/cpu0/cache")
UNITS = {"K": 2**10, "M": 2**20}


class CacheSizes(NamedTuple):
    """Bytes of the first cache for data and of the second cache."""

    level1: int
    level2: int


USUAL = CacheSizes(32 * 2**10, 512 * 2**10)  # where the system does not tell


def cache_sizes(folder: Path = LINUX_FOLDER) -> CacheSizes:
    """What Linux says of the first core, each size the usual one where it says nothing."""
    found: dict[str, int] = {}
    for index in folder.glob("index*"):
        try:
            level, contents, size = (
                (index / name).read_text(encoding="ascii").strip()
                for name in ("level", "type", "size")
            )
            if contents != "Instruction":
                found[level] = int(size[:-1]) * UNITS[size[-1]]
        except (OSError, ValueError, KeyError, IndexError):  # a size in another form
            continue
    return CacheSizes(found.get("1", USUAL.level1), found.get("2", USUAL.level2))

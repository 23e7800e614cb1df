"""Where compiled kernels are cached, and whether all of them are; without loading numba."""

import hashlib
import json
import os
import platform
import sys
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from microgpt._io.paths import cache_dir
from microgpt.errors import FormatError

KERNEL_SUFFIX = ".kernel"  # a SHA-256, then what it is the checksum of
_DIGEST_BYTES = hashlib.sha256().digest_size


def sources() -> list[Path]:
    """The source files of compiled kernels."""
    here = Path(__file__).parent.parent  # numba_cpu
    return sorted([*here.rglob("*.py"), here.parent / "shared_rules.py"])


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    for source in sources():
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def kernel_folder() -> Path:
    """The folder of this version's compiled kernels, named after all their sources.

    Numba's own key does not see a changed callee in another file.
    """
    return cache_dir() / "kernels" / _digest()


def seal_kernel(payload: bytes) -> bytes:
    """The content of a compiled kernel's file."""
    return hashlib.sha256(payload).digest() + payload


def read_kernel(file: Path) -> bytes:
    """The payload of a compiled kernel's file; raises FormatError if it is not as written."""
    content = file.read_bytes()
    digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        raise FormatError(f"{file} is not as it was written")
    return payload


def damaged_kernels() -> list[Path]:
    """The files of this version's compiled kernels that cannot be read, or have changed."""
    damaged = []
    for file in sorted(kernel_folder().rglob(f"*{KERNEL_SUFFIX}")):
        try:
            read_kernel(file)
        except FileNotFoundError:  # another process has just removed it
            continue
        except (OSError, FormatError):
            damaged.append(file)
    return damaged


def any_kept() -> bool:
    """Whether there is a file of a compiled kernel of this version."""
    return any(kernel_folder().rglob(f"*{KERNEL_SUFFIX}"))


def cache_key() -> dict[str, Any]:
    """What else decides which compiled kernels are loaded, on this machine."""
    from llvmlite import binding

    overrides = {name: os.environ.get(name) for name in ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")}
    return {
        "python": f"{sys.implementation.cache_tag} on {platform.machine()}",
        "numba": metadata.version("numba"),
        "llvmlite": metadata.version("llvmlite"),
        "processor": binding.get_host_cpu_name(),
        "features": binding.get_host_cpu_features().flatten(),
        "environment": overrides,
    }


def stamp() -> tuple[Path, bytes]:
    """The file whose presence means that all kernels are compiled for this key, and its content."""
    content = json.dumps(cache_key(), indent=1, sort_keys=True).encode()
    return kernel_folder() / f"ready-{hashlib.sha256(content).hexdigest()[:16]}.json", content


def ready() -> bool:
    """Whether that file exists; llvmlite, which names the processor, is loaded only if one may."""
    if not any(kernel_folder().glob("ready-*.json")):  # for any machine
        return False
    try:
        return stamp()[0].is_file()
    except (ImportError, OSError):  # a numba that cannot be loaded has no kernels ready
        return False

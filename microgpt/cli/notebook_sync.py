"""Bring the notebooks into the learner's folder; what the learner changed is never written over.

A manifest in the folder holds the SHA-256 of every file that was delivered: a copy with such a sum
is as it came, and a newer version may take its place; any other copy is the learner's.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import microgpt
from microgpt.checkpoints import prepare, atomic_write
from microgpt.errors import FormatError, NotWritable, SettingError

MANIFEST = ".microgpt-notebooks.json"


@dataclass
class Delivery:
    """What was done with each file, by its name in the folder; `names` are all there are."""

    folder: Path
    names: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = {
            "new": self.new,
            "updated": self.updated,
            "with your changes left as they are": self.kept,
        }
        counts = {what: sum(map(_is_notebook, names)) for what, names in said.items()}
        parts = [f"{count} {what}" for what, count in counts.items() if count]
        if not parts and (self.new or self.updated):
            parts = ["images brought up to date"]
        if self.beside:
            parts.append(f"the new version beside yours: {', '.join(self.beside)}")
        return f"notebooks in {self.folder}: {'; '.join(parts) or 'up to date'}"


def _is_notebook(name: str) -> bool:
    return name.endswith(".ipynb")


def shipped() -> Path:
    """The folder that the notebooks come from: inside the wheel, or in the checkout."""
    package = Path(microgpt.__file__).resolve().parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise FormatError(
        f"no notebooks were found in {package / 'notebooks'}; install microgpt-lab anew with pip"
    )


def deliver(folder: Path, source: Path | None = None, version: str | None = None) -> Delivery:
    """Copy the notebooks and their images from `source` into `folder`; say what was done.

    A missing file comes back; an unchanged old one is replaced; beside a changed one, the new one
    arrives once, with the version in its name.
    """
    source, version = source or shipped(), version or microgpt.__version__
    if folder.resolve() == source.resolve():
        raise SettingError(f"the notebooks come from {folder}; name another folder to work in")
    prepare(folder)
    delivered, done = _manifest(folder), Delivery(folder)
    names = list(_names(source))
    for name in names:  # before anything is written
        _refuse_what_is_in_the_way(folder / name)
    for name in names:
        content = (source / name).read_bytes()
        done.names.append(name)
        sums = delivered.setdefault(name, [])
        _one(folder, name, content, sums, version, done)
        if _sum(content) not in sums:
            sums.append(_sum(content))
    _write(folder / MANIFEST, json.dumps(delivered, indent=1).encode())
    return done


def _refuse_what_is_in_the_way(target: Path) -> None:
    parent, wanted = target.parent, "a notebook" if _is_notebook(target.name) else "an image"
    if parent.exists() and not parent.is_dir():
        raise NotWritable(
            f"{parent} is a file where a folder of images belongs; move it away, or name another "
            f"folder to work in"
        )
    if target.is_dir():
        raise NotWritable(
            f"{target} is a folder where {wanted} belongs; move it away, or name another folder "
            f"to work in"
        )


def _one(
    folder: Path, name: str, content: bytes, sums: list[str], version: str, done: Delivery
) -> None:
    target = folder / name
    if not target.exists():
        _write(target, content)
        done.new.append(name)
        return
    there = _sum(target.read_bytes())
    if there == _sum(content):
        return
    if there in sums:
        _write(target, content)
        done.updated.append(name)
        return
    done.kept.append(name)
    if _sum(content) not in sums:  # not delivered yet, neither here nor beside
        beside = _beside(target, content, version)
        _write(beside, content)
        done.beside.append(beside.relative_to(folder).as_posix())


def _names(source: Path) -> Iterator[str]:
    for path in sorted([*source.glob("*.ipynb"), *source.glob("images/*")]):
        if path.is_file():
            yield path.relative_to(source).as_posix()


def _beside(target: Path, content: bytes, version: str) -> Path:
    """A name with the version in it that no other file has."""
    beside, number = target.with_name(f"{target.stem}-{version}{target.suffix}"), 2
    while beside.exists() and beside.read_bytes() != content:
        beside = target.with_name(f"{target.stem}-{version}-{number}{target.suffix}")
        number += 1
    return beside


def _manifest(folder: Path) -> dict[str, list[str]]:
    """The sums of what was delivered; none if that cannot be read, so that nothing is replaced."""
    try:
        sums = json.loads((folder / MANIFEST).read_bytes())
        return {str(name): [str(each) for each in sums[name]] for name in sums}
    except (OSError, ValueError, TypeError, LookupError):
        return {}


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as stream:
        stream.write(content)


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

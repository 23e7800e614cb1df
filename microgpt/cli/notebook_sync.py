"""Copy the notebooks into the learner's folder; a file the learner changed is never overwritten.

A manifest in the folder holds the SHA-256 checksums of every version of a file that was copied. A
file with one of these checksums is unchanged, so a newer version may replace it; any other file has
the learner's changes.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import microgpt
from microgpt._io.atomic_write import atomic_write
from microgpt.checkpoints import ensure_writable
from microgpt.errors import FormatError, NotWritable, SettingError

MANIFEST = ".microgpt-notebooks.json"


@dataclass
class SyncResult:
    """The result of `sync_notebooks`: file names grouped by outcome; `names` has all of them.

    `modified` are files that the learner changed, `side_copies` new versions saved beside them.
    """

    folder: Path
    names: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    modified: list[str] = field(default_factory=list)
    side_copies: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        groups = {
            "new": self.new,
            "updated": self.updated,
            "with your changes left as they are": self.modified,
        }
        counts = {label: sum(map(_is_notebook, names)) for label, names in groups.items()}
        parts = [f"{count} {label}" for label, count in counts.items() if count]
        if not parts and (self.new or self.updated):
            parts = ["images brought up to date"]
        if self.side_copies:
            parts.append(f"the new version beside yours: {', '.join(self.side_copies)}")
        return f"notebooks in {self.folder}: {'; '.join(parts) or 'up to date'}"


def _is_notebook(name: str) -> bool:
    return name.endswith(".ipynb")


def notebook_source() -> Path:
    """Return the folder of the package's notebooks: in the installed package or the checkout."""
    package = Path(microgpt.__file__).resolve().parent
    for folder in (package / "notebooks", package.parent / "notebooks"):
        if any(folder.glob("*.ipynb")):
            return folder
    raise FormatError(
        f"no notebooks were found in {package / 'notebooks'}; install microgpt-lab anew with pip"
    )


def sync_notebooks(
    folder: Path, source: Path | None = None, version: str | None = None
) -> SyncResult:
    """Copy the notebooks and their images from `source` into `folder`.

    A missing file is restored, and an old one replaced if it is unchanged. If the learner changed
    it, the new version is copied beside it, once, with the version in its file name.
    """
    source, version = source or notebook_source(), version or microgpt.__version__
    if folder.resolve() == source.resolve():
        raise SettingError(
            "folder", "another than the one that the notebooks come from", str(folder)
        )
    ensure_writable(folder)
    manifest, result = _read_manifest(folder), SyncResult(folder)
    names = list(_file_names(source))
    for name in names:  # before anything is written
        _check_not_blocked(folder / name)
    for name in names:
        content = (source / name).read_bytes()
        result.names.append(name)
        checksums = manifest.setdefault(name, [])
        _sync_file(folder, name, content, checksums, version, result)
        if _sha256(content) not in checksums:
            checksums.append(_sha256(content))
    _write(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    return result


def _check_not_blocked(target: Path) -> None:
    """Raise NotWritable if the target's folder is a file, or the target is a folder."""
    parent, expected = target.parent, "a notebook" if _is_notebook(target.name) else "an image"
    if parent.exists() and not parent.is_dir():
        raise NotWritable(
            f"{parent} is a file where a folder of images belongs; move it away, or name another "
            f"folder to work in"
        )
    if target.is_dir():
        raise NotWritable(
            f"{target} is a folder where {expected} belongs; move it away, or name another folder "
            f"to work in"
        )


def _sync_file(
    folder: Path, name: str, content: bytes, checksums: list[str], version: str, result: SyncResult
) -> None:
    target = folder / name
    if not target.exists():
        _write(target, content)
        result.new.append(name)
        return
    current = _sha256(target.read_bytes())
    if current == _sha256(content):
        return
    if current in checksums:
        _write(target, content)
        result.updated.append(name)
        return
    result.modified.append(name)
    if _sha256(content) not in checksums:  # this version was not copied yet
        copy = _side_copy(target, content, version)
        _write(copy, content)
        result.side_copies.append(copy.relative_to(folder).as_posix())


def _file_names(source: Path) -> Iterator[str]:
    for path in sorted([*source.glob("*.ipynb"), *source.glob("images/*")]):
        if path.is_file():
            yield path.relative_to(source).as_posix()


def _side_copy(target: Path, content: bytes, version: str) -> Path:
    """Return a path with the version in its name: a new one, or one that has this content."""
    path, number = target.with_name(f"{target.stem}-{version}{target.suffix}"), 2
    while path.exists() and path.read_bytes() != content:
        path = target.with_name(f"{target.stem}-{version}-{number}{target.suffix}")
        number += 1
    return path


def _read_manifest(folder: Path) -> dict[str, list[str]]:
    """Read the checksums by file name; {} if the manifest is unreadable: no file is replaced."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        return {str(name): [str(sha256) for sha256 in manifest[name]] for name in manifest}
    except (OSError, ValueError, TypeError, LookupError):
        return {}


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(target) as stream:
        stream.write(content)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

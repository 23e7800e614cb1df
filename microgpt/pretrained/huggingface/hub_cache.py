"""The folder of a model in the Hugging Face hub's cache: models--NAME with refs and snapshots."""

from pathlib import Path

from microgpt.errors import FormatError

REVISION_LENGTH = 40  # characters of a commit


def snapshot_folder(folder: Path) -> Path:
    """Return the folder with a model's files: that of the revision `main` in a cache's folder.

    A folder that is not of the hub's cache is returned as it is. Raises FormatError if there are
    several revisions and none of them is `main`.
    """
    snapshots, main = folder / "snapshots", folder / "refs" / "main"
    if not folder.name.startswith("models--") or not snapshots.is_dir():
        return folder
    if main.is_file():
        revision = main.read_bytes()[:REVISION_LENGTH].decode("ascii", "replace").strip()
        if revision.isalnum() and (snapshots / revision).is_dir():
            return snapshots / revision
    revisions = [path for path in sorted(snapshots.iterdir()) if path.is_dir()]
    if len(revisions) != 1:
        raise FormatError(
            f"{snapshots} must hold the revision that refs/main names, or one alone; it holds "
            f"{len(revisions)}; give the path of one"
        )
    return revisions[0]

"""`GpuReport`: report.json keeps what the stages found, report.md says it in tables."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from microgpt import __version__
from microgpt._io.atomic_write import atomic_write
from microgpt.benchmark.gpu.marks import gpu_marks
from microgpt.benchmark.gpu.rows import OK
from microgpt.benchmark.gpu.stages import STAGES
from microgpt.errors import FormatError

FORMAT = 1
MANY = 20  # rows of a check that came out right; in Markdown they are counted
IN_WORDS = {None: "not measured", True: "met", False: "not met"}


class GpuReport:
    """What the stages found, by their names; a stage that runs again replaces what it had found."""

    def __init__(self, folder: Path):
        self.folder, self.stages = folder, dict[str, dict[str, Any]]()
        self._read()

    @property
    def json_path(self) -> Path:
        return self.folder / "report.json"

    @property
    def markdown_path(self) -> Path:
        return self.folder / "report.md"

    def _read(self) -> None:
        """Take over what earlier runs have found. Raises FormatError for another program's file."""
        if not self.json_path.exists():
            return
        try:
            found = json.loads(self.json_path.read_text("utf-8"))
            if found["format"] != FORMAT:
                raise ValueError
            self.stages = {
                name: found["stages"][name] for name in STAGES if name in found["stages"]
            }
        except (ValueError, KeyError, TypeError):
            raise FormatError(
                f"{self.json_path} must be a report of format {FORMAT} that `microgpt gpu-report` "
                "wrote; it is something else; move it away, or name another folder"
            ) from None

    def missing(self) -> list[str]:
        """Return the stages that were not run, or not to their end."""
        return [name for name in STAGES if self._state(name) in ("missing", "stopped", "failed")]

    def _state(self, name: str) -> str:
        return self.stages[name]["state"] if name in self.stages else "missing"

    def _rows(self) -> list[dict[str, Any]]:
        return [row for stage in self.stages.values() for row in stage["rows"]]

    def write(self) -> None:
        """Write both files, each complete or not at all."""
        marks = gpu_marks([row["figures"] for row in self._rows()])
        written = datetime.now(UTC).isoformat(timespec="seconds")
        content = {
            "format": FORMAT,
            "microgpt": __version__,
            "written": written,
            "stages": {name: self.stages[name] for name in STAGES if name in self.stages},
            "marks": [mark._asdict() | {"met": mark.met} for mark in marks],
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        with atomic_write(self.json_path) as stream:
            stream.write(text.encode())
        with atomic_write(self.markdown_path) as stream:
            stream.write(("\n".join(self._markdown(written, marks)) + "\n").encode())

    def _markdown(self, written: str, marks: Sequence[Any]) -> Iterator[str]:
        yield "# The GPU report"
        yield ""
        yield f"microgpt {__version__}, written {written}. A range is that of the blocks' medians."
        if any(stage["is_emulated"] for stage in self.stages.values()):
            yield "Emulated: the device was this machine's memory and Python; no figure is a GPU's."
        for name, stage in STAGES.items():
            yield f"\n## {stage.title} (`{name}`)\n"
            yield from self._stage_lines(name)
        yield "\n## What was hoped for\n"
        yield from _table(
            ("work", "mark", "measured", ""),
            (
                (
                    mark.description,
                    f"≥ {mark.target:,g}",
                    "" if mark.value is None else f"{mark.value:,.3g}",
                    IN_WORDS[mark.met],
                )
                for mark in marks
            ),
        )

    def _stage_lines(self, name: str) -> Iterator[str]:
        if name not in self.stages:
            yield "Not run."
            return
        stage = self.stages[name]
        error = f": {escape(stage['error'])}" if stage["error"] else ""
        yield f"State: {stage['state']}{error}. It took {stage['seconds']:.1f} s.\n"
        rows = stage["rows"]
        right = [row for row in rows if row["state"] == OK]
        if len(right) > MANY:
            differences = [row["figures"].get("difference", 0.0) for row in right]
            yield f"{len(right)} checks are right; they differ by {max(differences):.1e} at most.\n"
            rows = [row for row in rows if row["state"] != OK]
        if rows:
            cells = ((row["name"], row["state"], row["text"]) for row in rows)
            yield from _table(("what", "state", "what came"), cells)


def _table(header: Sequence[str], rows: Any) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(map(escape, cells))} |"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is, in a cell of a table too."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    for letter in "\\|`*_[]":
        text = text.replace(letter, f"\\{letter}")
    return text

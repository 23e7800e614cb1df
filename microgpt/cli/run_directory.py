"""A training run's files in its folder; files of an earlier run there are renamed, not lost."""

import os
import shutil
from pathlib import Path
from typing import Any, Self

from microgpt._io.atomic_write import remove_abandoned_drafts
from microgpt._io.file_lock import FolderLock

MODEL, STATE, BEST = "model.safetensors", "training.safetensors", "best.safetensors"
FILES = (MODEL, STATE, BEST)
UNSAVED_BEST = "unsaved-best.safetensors"  # until the first save, if BEST is another run's


class RunDirectory(FolderLock):
    """The folder a run is saved in; `resumed` is the training state it continues, or None.

    `with` keeps every other run out of it. Files of another run stay unchanged until the first
    `save`, which renames them to before-….
    """

    def __init__(self, folder: Path, resumed: Path | None):
        super().__init__(folder)
        self._resumed = resumed
        self._trainer: Any = None

    def __enter__(self) -> Self:
        super().__enter__()
        for name in (*FILES, UNSAVED_BEST):
            remove_abandoned_drafts(self.folder / name)  # each may be as large as the model
        resumed, state = self._resumed, self.folder / STATE
        is_own = resumed is not None and resumed.resolve() == state.resolve()
        self._has_other_run = not is_own and any((self.folder / name).exists() for name in FILES)
        self._saved = is_own
        return self

    @property
    def best_target(self) -> Path:
        """The file for the best weights until the run is first saved."""
        return self.folder / (UNSAVED_BEST if self._has_other_run else BEST)

    def attach(self, trainer: Any) -> None:
        """Set the trainer whose run `save` saves."""
        self._trainer, self._initial_best = trainer, trainer.best

    def save(self) -> Path:
        """Save the run and return the path of the model."""
        message = ""
        if not self._saved:
            has_best = self._trainer.best != self._initial_best or self._copy_resumed_best()
            if self._has_other_run:
                message = self._set_aside(has_best)
            self._saved = True
        self._trainer.save(self.folder)
        if message:
            print(message)
        return self.folder / MODEL

    def best_file(self) -> Path | None:
        """Return the file with the best weights, None if there is none."""
        file = self._trainer.best_file
        return file if file is not None and file.exists() else None

    def _copy_resumed_best(self) -> bool:
        """Copy the resumed run's best weights to the best file; return whether there are any."""
        from microgpt._io.atomic_write import atomic_write

        file, resumed = self._trainer.best_file, self._resumed
        if file is None or resumed is None or self._initial_best is None:
            return False
        source = resumed.with_name(resumed.name.replace("training", "best"))
        if source == resumed or not source.is_file():
            return False
        with open(source, "rb") as old, atomic_write(file) as new:
            shutil.copyfileobj(old, new)
        return True

    def _set_aside(self, has_best: bool) -> str:
        """Rename another run's files to before-…, delete older before-… files, and say so."""
        renamed, replaced = [], False
        for name in FILES:
            file, aside = self.folder / name, self.folder / f"before-{name}"
            replaced = replaced or aside.exists()
            if file.exists():
                os.replace(file, aside)
                renamed.append(aside.name)
            else:
                aside.unlink(missing_ok=True)  # it would mix two runs in the before-… files
        older = ", in place of an older one" if replaced else ""
        file = self._trainer.best_file
        if file is not None:
            self._trainer.best_file = self.folder / BEST
            if has_best:
                os.replace(file, self.folder / BEST)
        return f"the run that was there is kept as {', '.join(renamed)} in {self.folder}{older}"

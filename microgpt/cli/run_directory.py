"""The files of a run in its folder, saved together; another run's files there are kept aside."""

import os
import shutil
from pathlib import Path
from typing import Any

MODEL, STATE, BEST = "model.safetensors", "training.safetensors", "best.safetensors"
FILES = (MODEL, STATE, BEST)
UNSAVED_BEST = "unsaved-best.safetensors"  # before the first save, beside another run's files


class RunDirectory:
    """Where a run is saved; `resumed` is the training state it goes on from, or None.

    The files of another run stay as they are up to the first `save`, and are renamed to before-…
    then.
    """

    def __init__(self, folder: Path, resumed: Path | None):
        self.folder, self._resumed = folder, resumed
        self._trainer: Any = None
        is_own = resumed is not None and resumed.resolve() == (folder / STATE).resolve()
        self._has_other_run = not is_own and any((folder / name).exists() for name in FILES)
        self._saved = is_own

    @property
    def best_target(self) -> Path:
        """Where to write the best weights while the run has not been saved."""
        return self.folder / (UNSAVED_BEST if self._has_other_run else BEST)

    def attach(self, trainer: Any) -> None:
        """Save this trainer's run from now on."""
        self._trainer, self._initial_best = trainer, trainer.best

    def save(self) -> Path:
        """Save the run; the path of the model."""
        if not self._saved:
            has_best = self._trainer.best != self._initial_best or self._copy_resumed_best()
            if self._has_other_run:
                self._set_aside(has_best)
            self._saved = True
        self._trainer.save(self.folder)
        return self.folder / MODEL

    def best_file(self) -> Path | None:
        """The file with the best weights, if there is one."""
        file = self._trainer.best_file
        return file if file is not None and file.exists() else None

    def _copy_resumed_best(self) -> bool:
        """Copy the best weights from the resumed run, if its best step is still the best."""
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

    def _set_aside(self, has_best: bool) -> None:
        """Rename another run's files to before-…: all of them, and no file of a third run."""
        renamed, replaced = [], False
        for name in FILES:
            file, aside = self.folder / name, self.folder / f"before-{name}"
            replaced = replaced or aside.exists()
            if file.exists():
                os.replace(file, aside)
                renamed.append(aside.name)
            else:
                aside.unlink(missing_ok=True)  # of a run before that one
        older = ", in place of an older one" if replaced else ""
        print(f"the run that was there is kept as {', '.join(renamed)} in {self.folder}{older}")
        file = self._trainer.best_file
        if file is not None:
            self._trainer.best_file = self.folder / BEST
            if has_best:
                os.replace(file, self.folder / BEST)

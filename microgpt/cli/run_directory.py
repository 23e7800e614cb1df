"""The files of a run in its folder, written together; what another run left there is put aside."""

import os
import shutil
from pathlib import Path
from typing import Any

BEST = "best.safetensors"
UNSAVED = "unsaved-best.safetensors"  # of a run that has not been saved beside another's files
NAMES = ("model.safetensors", "training.safetensors", BEST)


class Files:
    """Where a run is saved; `resumed` is the file it goes on from, or None.

    The files of another run stay as they are up to the first `save`, and stand beside the new ones
    as before-… from then on.
    """

    def __init__(self, out: Path, resumed: Path | None):
        self.out, self._resumed = out, resumed
        self._trainer: Any = None
        own = resumed is not None and resumed.resolve() == (out / NAMES[1]).resolve()
        self._others = not own and any((out / name).exists() for name in NAMES)
        self._saved = own

    @property
    def best(self) -> Path:
        """Where the best weights are to be kept while the run has not been saved."""
        return self.out / (UNSAVED if self._others else BEST)

    def belong_to(self, trainer: Any) -> None:
        """Say whose files they are."""
        self._trainer, self._best_before = trainer, trainer.best

    def save(self) -> Path:
        """Save the run; the file of the model."""
        if not self._saved:
            has_best = self._trainer.best != self._best_before or self._brought_best()
            if self._others:
                self._put_aside(has_best)
            self._saved = True
        self._trainer.save(self.out)
        return self.out / NAMES[0]

    def kept_best(self) -> Path | None:
        """The file with the best weights, if there is one."""
        file = self._trainer.best_file
        return file if file is not None and file.exists() else None

    def _brought_best(self) -> bool:
        """Whether the best weights could be copied from where the run had its best step."""
        from microgpt._io.atomic_write import atomic_write

        file, resumed = self._trainer.best_file, self._resumed
        if file is None or resumed is None or self._best_before is None:
            return False
        source = resumed.with_name(resumed.name.replace("training", "best"))
        if source == resumed or not source.is_file():
            return False
        with open(source, "rb") as old, atomic_write(file) as new:
            shutil.copyfileobj(old, new)
        return True

    def _put_aside(self, has_best: bool) -> None:
        """Another run's files become before-…, all of them, and nothing else does."""
        moved, lost = [], False
        for name in NAMES:
            file, aside = self.out / name, self.out / f"before-{name}"
            lost = lost or aside.exists()
            if file.exists():
                os.replace(file, aside)
                moved.append(aside.name)
            else:
                aside.unlink(missing_ok=True)  # of a run before that one
        replaced = ", in place of an older one" if lost else ""
        print(f"the run that was there is kept as {', '.join(moved)} in {self.out}{replaced}")
        file = self._trainer.best_file
        if file is not None:
            self._trainer.best_file = self.out / BEST
            if has_best:
                os.replace(file, self.out / BEST)

"""The registry of exercises by id: bundled ones, and those loaded from a teacher's file."""

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from microgpt.errors import FormatError, SettingError
from microgpt.learn.exercise import Exercise

_custom: dict[str, tuple[Path, Exercise]] = {}
_loading_disabled = False


@cache
def _bundled() -> dict[str, Exercise]:
    from microgpt.learn.bundled import EXERCISES

    return {exercise.id: exercise for exercise in EXERCISES}


def exercises() -> list[Exercise]:
    """Return every exercise: the course's, in order, then those that `load` has read."""
    return [*_bundled().values(), *(exercise for _, exercise in _custom.values())]


def find_exercise(id: str | Exercise) -> Exercise:
    """Return the exercise with that id; raise SettingError, which lists all ids, if unknown."""
    if isinstance(id, Exercise):
        return id
    by_id = {exercise.id: exercise for exercise in exercises()}
    if id not in by_id:
        raise SettingError("exercise", got=id, choices=by_id)
    return by_id[id]


def load(path: str | Path) -> list[Exercise]:
    """Run a Python file that defines `Exercise` objects, and register them for `check` and `hint`.

    Exercises must be bound to names at the file's top level, or be in lists there. Loading the file
    again replaces them. Their ids must differ from those of the course.
    """
    if _loading_disabled:
        return [exercise for _, exercise in _custom.values()]
    file = Path(path).expanduser().resolve()
    if file.is_dir():
        raise FormatError(f"{file} is a folder; name one Python file with exercises")
    if not file.is_file():
        raise FormatError(f"there is no file {file}; name a Python file with exercises")
    loaded = {exercise.id: exercise for exercise in _top_level_exercises(_import_file(file))}
    if not loaded:
        raise FormatError(f"{file} has no Exercise at its top level; make one with learn.Exercise")
    for id in loaded:
        if id in _bundled() or (id in _custom and _custom[id][0] != file):
            raise SettingError("id", "an id that no other exercise has", id, f"rename it in {file}")
    for id in [id for id, (source_file, _) in _custom.items() if source_file == file]:
        del _custom[id]
    _custom.update({id: (file, exercise) for id, exercise in loaded.items()})
    return list(loaded.values())


def _import_file(file: Path) -> ModuleType:
    """Import the file as a module; raise FormatError if it raises or exits."""
    name = f"microgpt_exercises_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise FormatError(f"{file} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where `inspect` looks for the source of a solution
    try:
        spec.loader.exec_module(module)
    except SystemExit as error:
        del sys.modules[name]
        raise FormatError(
            f"{file} cannot be run: it ends the program (SystemExit: {error.code}); leave "
            f"sys.exit out at its top level"
        ) from error
    except Exception as error:
        del sys.modules[name]
        raise FormatError(f"{file} cannot be run: {type(error).__name__}: {error}") from error
    return module


def _top_level_exercises(module: ModuleType) -> list[Exercise]:
    return [
        item
        for value in vars(module).values()
        for item in (value if isinstance(value, list | tuple) else (value,))
        if isinstance(item, Exercise)
    ]


def disable_loading() -> None:
    """Make `load` return the exercises loaded so far, so that submissions cannot replace them."""
    global _loading_disabled
    _loading_disabled = True

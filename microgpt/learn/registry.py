"""All exercises by id: those of the course, and those of a teacher's own file."""

import importlib.util
import sys
from functools import cache
from pathlib import Path

from microgpt.errors import FormatError, SettingError
from microgpt.learn.exercise import Exercise

_own: dict[str, tuple[Path, Exercise]] = {}
_sealed = False


@cache
def _of_the_course() -> dict[str, Exercise]:
    from microgpt.learn.bundled import EXERCISES

    return {exercise.id: exercise for exercise in EXERCISES}


def exercises() -> list[Exercise]:
    """Every exercise there is: the course's in its order, then those that `load` has read."""
    return [*_of_the_course().values(), *(exercise for _, exercise in _own.values())]


def find(id: str | Exercise) -> Exercise:
    """The exercise of that id."""
    if isinstance(id, Exercise):
        return id
    known = {exercise.id: exercise for exercise in exercises()}
    if id not in known:
        raise SettingError(f"there is no exercise {id!r}; known: {', '.join(known)}")
    return known[id]


def load(path: str | Path) -> list[Exercise]:
    """Read a teacher's own file of `Exercise` objects; from then on `check`, `hint` know them.

    The file is Python and is run. Its exercises are those bound to names at its top level, or in
    lists there. Loading it again replaces them; an id of the course is refused.
    """
    if _sealed:
        return [exercise for _, exercise in _own.values()]
    file = Path(path).expanduser().resolve()
    if file.is_dir():
        raise FormatError(f"{file} is a folder; load takes one Python file with exercises")
    if not file.is_file():
        raise FormatError(f"there is no file {file}; load takes a Python file with exercises")
    name = f"microgpt_exercises_{file.stem}"
    specification = importlib.util.spec_from_file_location(name, file)
    if specification is None or specification.loader is None:
        raise FormatError(f"{file} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # where `inspect` looks for the source of a solution
    try:
        specification.loader.exec_module(module)
    except SystemExit as error:
        del sys.modules[name]
        raise FormatError(
            f"{file} cannot be run: it ends the program (SystemExit: {error.code}); leave "
            f"sys.exit out at its top level"
        ) from error
    except Exception as error:
        del sys.modules[name]
        raise FormatError(f"{file} cannot be run: {type(error).__name__}: {error}") from error
    found = [
        thing
        for value in vars(module).values()
        for thing in (value if isinstance(value, list | tuple) else (value,))
        if isinstance(thing, Exercise)
    ]
    fresh = {exercise.id: exercise for exercise in found}
    if not fresh:
        raise FormatError(f"{file} has no Exercise at its top level; make one with learn.Exercise")
    for id in fresh:
        if id in _of_the_course() or (id in _own and _own[id][0] != file):
            raise SettingError(f"the id {id!r} in {file} is taken; ids are never used twice")
    for id in [id for id, (origin, _) in _own.items() if origin == file]:
        del _own[id]
    _own.update({id: (file, exercise) for id, exercise in fresh.items()})
    return list(fresh.values())


def seal() -> None:
    """From now on `load` reads nothing: a submission that loads its copy gets the teacher's own."""
    global _sealed
    _sealed = True

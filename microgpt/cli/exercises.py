"""List the exercises, or test a file of your own."""

import argparse
import json

PATIENCE = 30.0  # seconds of work for the top level of a teacher's file


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="everything there is to say, as JSON")
    parser.add_argument("--test", metavar="FILE", help="try the exercises in a Python file on "
                        "right, wrong and hostile answers")  # fmt: skip


def run(options: argparse.Namespace) -> int:
    from microgpt import learn

    if options.test is not None:
        return _test(options.test)
    exercises = learn.exercises()
    if options.json:
        fields = ("id", "signature", "shapes", "statement", "difficulty", "importance", "minutes",
                  "needs", "answer")  # fmt: skip
        print(
            json.dumps([{name: getattr(e, name) for name in fields} for e in exercises], indent=1)
        )
        return 0
    width = max(len(exercise.id) for exercise in exercises)
    for exercise in exercises:
        unit = "minute" if exercise.minutes == 1 else "minutes"
        print(f"{exercise.id:{width}}  {exercise.minutes:2d} {unit:7}  difficulty "
              f"{exercise.difficulty}  {exercise.signature}")  # fmt: skip
    return 0


def _loaded(path: str) -> list:
    """The exercises in the file; FormatError if it does not come to its end."""
    from microgpt import learn
    from microgpt.errors import FormatError
    from microgpt.learn.time_limit import TimeLimitedCall

    found: list = []
    watched = TimeLimitedCall(lambda: found.extend(learn.load(path)), PATIENCE, 10 * PATIENCE)
    if watched.run() != "done":
        raise FormatError(
            f"{path} ran longer than {PATIENCE:g} seconds and was stopped; at its top level, it "
            f"should only define exercises"
        )
    if watched.error is not None:
        raise watched.error
    return found


def _test(path: str) -> int:
    from microgpt import learn

    status = 0
    for exercise in _loaded(path):
        problems = learn.self_test(exercise)
        for problem in problems:
            print(problem)
        if not problems:
            print(f"{exercise.id}: all is well")
        status = max(status, 1 if problems else 0)
    return status

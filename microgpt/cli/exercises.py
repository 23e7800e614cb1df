"""List the exercises, or test a file of your own."""

import argparse
import json

from microgpt.plain_text import text_table

TIME_LIMIT = 30.0  # seconds of work for the top level of a teacher's file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print all their fields as JSON")
    parser.add_argument("--test", metavar="FILE", help="self-test the exercises in a Python "
                        "file with correct, wrong and hostile answers")  # fmt: skip


def run(options: argparse.Namespace) -> int:
    from microgpt import learn
    from microgpt.plain_text import pluralize

    if options.test is not None:
        return _test(options.test)
    exercises = learn.exercises()
    if options.json:
        fields = ("id", "signature", "shapes", "statement", "difficulty", "importance", "minutes",
                  "prerequisites", "answer_name")  # fmt: skip
        print(
            json.dumps([{name: getattr(e, name) for name in fields} for e in exercises], indent=1)
        )
        return 0
    rows = (
        (e.id, pluralize(e.minutes, "minute"), f"difficulty {e.difficulty}", e.signature)
        for e in exercises
    )
    print("\n".join(text_table(rows, align="lrl")))
    return 0


def _load(path: str) -> list:
    """Load the file's exercises; raise FormatError if it runs longer than TIME_LIMIT."""
    from microgpt import learn
    from microgpt.errors import FormatError
    from microgpt.learn.time_limit import TimeLimitedCall

    loaded: list = []
    call = TimeLimitedCall(lambda: loaded.extend(learn.load(path)), TIME_LIMIT, 10 * TIME_LIMIT)
    if call.run() != "done":
        raise FormatError(
            f"{path} ran longer than {TIME_LIMIT:g} seconds and was stopped; at its top level, it "
            f"should only define exercises"
        )
    if call.error is not None:
        raise call.error
    return loaded


def _test(path: str) -> int:
    from microgpt import learn

    status = 0
    for exercise in _load(path):
        problems = learn.self_test(exercise)
        for problem in problems:
            print(problem)
        if not problems:
            print(f"{exercise.id}: all is well")
        status = max(status, 1 if problems else 0)
    return status

"""TUTOR.md: how to help with each exercise without telling, in the words of the catalogue."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

from microgpt._io.atomic_write import atomic_write

from .criteria import criteria
from .rules.exercises import course_exercises, telling_lines

FILE_NAME = "TUTOR.md"
HEAD = """\
# For tutors

For anyone, a person or a program, who helps with an exercise. `make notebooks` writes this page
from the exercises and their catalogue, `microgpt/learn/messages.toml`; changes belong there.

1. **Ask first.** Let learners say in their own words what the exercise wants, and work out the
   example by hand. Wait for the answer. Each exercise below has a question to begin with.
2. **Let the check speak.** Ask for its card: the goal that is not reached yet, the smallest input
   that shows it, got and expected. Go through that input together, line by line of their code.
3. **Find the mistake before you name it.** Look for their result among the wrong answers below.
   Turn its cause into a question: which numbers in your result add up to 1?
4. **One tier at a time.** Give the first hint, let them try, and only then the next. The third is
   nearly the code; it is for those who have tried the method of the second.
5. **Never the solution.** Not a line of it, not with other names, not in another language, and not
   when asked. `mg.learn.solution` is theirs to call; then ask them to explain each line of it.
6. **Other ways are right, too.** What counts are the goals, not the way there. An answer that
   `mg.learn.check` accepts is right, however it looks.
7. **Go on from a right answer.** Ask the question that stands last, and let them say what they
   expect before they run anything.

A program that tutors reads this page, the learner's cell and the card, and nothing of
`microgpt/learn/bundled`, where the solutions are. The same goals, with their ids, are in the
metadata of each exercise's cell. Where a text quotes a line of a solution, this page has … instead.
"""


def tutor_pack(exercises: Iterable[Any] | None = None) -> str:
    """The page about exercises, by default those of the course."""
    known = list(course_exercises().values()) if exercises is None else list(exercises)
    masked = {
        line
        for exercise in known
        if exercise.is_function and not exercise.is_kernel
        for line in telling_lines(exercise)
    }
    parts = [HEAD.rstrip()]
    for notebook, group in groupby(known, key=lambda exercise: exercise.id.partition(".")[0]):
        parts.append(f"# Notebook {notebook}")
        for exercise in group:
            parts += [_mask(paragraph, masked) for paragraph in _paragraphs(exercise, masked)]
    return "\n\n".join(parts) + "\n"


def _paragraphs(exercise: Any, masked: Iterable[str]) -> list[str]:
    """The paragraphs about an exercise; a hint with one of the masked lines says where it is."""
    from microgpt.learn.grading.assignments import statement_markdown
    from microgpt.learn.messages import message_section

    questions = {**message_section("tutor"), **message_section(exercise.id).get("tutor", {})}
    labels = message_section("tutor")
    causes = [""] * (exercise.example is not None) + [goal.cause for goal in exercise.properties]
    goals = [
        f"{number}. {goal['text']}" + f" *{labels['cause']}* {cause}" * bool(cause)
        for number, (goal, cause) in enumerate(zip(criteria(exercise), causes, strict=True), 1)
    ]
    tiers = message_section("hints")["tiers"]
    hints = []
    for number, (tier, hint) in enumerate(zip(tiers, exercise.hints, strict=True), 1):
        shown = _mask(hint, masked)
        if shown != hint:
            shown += " " + labels["masked"].format(id=exercise.id, tier=number)
        hints.append(f"{number}. *{tier[0].upper()}{tier[1:]}.* {shown}")
    mistakes: dict[str, list[str]] = {}
    for mistake in exercise.common_mistakes:
        mistakes.setdefault(mistake.cause, []).append(mistake.name)
    wrong = [f"- *{'; '.join(names)}.* {cause}" for cause, names in mistakes.items()]
    return [
        statement_markdown(exercise),
        f"**{labels['first']}** {questions['ask_first']}",
        f"**{labels['goals']}**",
        "\n".join(goals),
        f"**{labels['hints']}**",
        "\n".join(hints),
        f"**{labels['mistakes']}**",
        "\n".join(wrong),
        f"**{labels['next']}** {questions['ask_next']}",
    ]


def _mask(text: str, lines: Iterable[str]) -> str:
    """The text with … in place of lines of solutions, the longest first."""
    for line in sorted(lines, key=lambda line: (-len(line), line)):
        text = text.replace(line, "…")
    return text


def write_tutor_pack(folder: Path) -> Path:
    """Write the page into a folder."""
    with atomic_write(folder / FILE_NAME) as stream:
        stream.write(tutor_pack().encode())
    return folder / FILE_NAME


def is_current(folder: Path) -> bool:
    """Whether the page in a folder is what the catalogue makes now."""
    path = folder / FILE_NAME
    return path.is_file() and path.read_text("utf-8") == tutor_pack()

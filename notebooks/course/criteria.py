"""What an exercise is judged by, as ids and sentences: the metadata of its cell in a notebook."""

from typing import Any

EXERCISE_PREFIX = "exercise:"  # of the tag of a cell with a stub
METADATA_KEY = "microgpt"


def criteria(exercise: Any) -> list[dict[str, str]]:
    """The goals of an exercise in the order in which `check` tests them.

    An id is that of the exercise and the goal's key in the catalogue, as in 09.top_k.ties.
    """
    from microgpt.learn.messages import message_section

    shared = message_section("properties")
    texts = message_section(exercise.id).get("properties", {})
    keys = {sentence: key for key, sentence in texts.items()}
    goals = [("worked_example", shared["worked_example"])] if exercise.example is not None else []
    for number, goal in enumerate(exercise.properties, 1):
        goals.append((keys.get(goal.description, f"goal_{number}"), goal.description))
    return [{"id": f"{exercise.id}.{key}", "text": text} for key, text in goals]


def cell_metadata(tags: list[str]) -> dict[str, Any]:
    """The metadata of a cell with these tags: for an exercise's stub, its id and criteria."""
    from microgpt import learn

    known = {EXERCISE_PREFIX + exercise.id: exercise for exercise in learn.exercises()}
    exercise = next((known[tag] for tag in tags if tag in known), None)
    if exercise is None:
        return {}
    return {METADATA_KEY: {"exercise": exercise.id, "criteria": criteria(exercise)}}

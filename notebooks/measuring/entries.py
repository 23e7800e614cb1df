"""The `[[measured]]` entries of numbers.toml: written here, while all others stay as they are."""

import json
import re
from collections.abc import Iterable

from .claim import DIGITS, Measurement

TABLE = "[[measured]]"


def entry(notebook: str, measurement: Measurement) -> str:
    """The lines of one entry."""
    fields = {
        "notebook": notebook,
        "claim": measurement.claim,
        "text": measurement.text,
        "effect": round(measurement.effect, DIGITS),
        "spread": round(measurement.spread, DIGITS),
        "of_seeds": [round(effect, 2 * DIGITS) for effect in measurement.effects],
        "verdict": measurement.verdict,
    }
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
    return "\n".join([TABLE, *lines, ""])


def updated(text: str, notebook: str, measurements: Iterable[Measurement]) -> str:
    """The text of numbers.toml with a notebook's measured entries in place of the earlier ones."""
    of_notebook = f'{TABLE}\nnotebook = "{notebook}"\n'
    parts = re.split(r"(?m)^(?=\[\[)", text)  # each begins with the header of its table
    kept = [part.rstrip("\n") for part in parts if not part.startswith(of_notebook)]
    entries = [entry(notebook, measurement).rstrip("\n") for measurement in measurements]
    return "\n\n".join([*kept, *entries]) + "\n"

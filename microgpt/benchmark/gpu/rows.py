"""`Row`: one finding of a stage."""

from dataclasses import asdict, dataclass, field
from typing import Any

OK, WRONG, MEASURED, NOTE = "ok", "wrong", "measured", "note"
STATES = OK, WRONG, MEASURED, NOTE


@dataclass(frozen=True)
class Row:
    """What was looked at, what came out of it, in words, and the numbers behind the words."""

    name: str
    state: str
    text: str
    figures: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, for JSON."""
        return asdict(self)


def judged(name: str, is_right: bool, right: str, wrong: str, **figures: Any) -> Row:
    """Return the row of a check: `right` or `wrong` says what came out of it."""
    return Row(name, OK if is_right else WRONG, right if is_right else wrong, figures)

"""`PathEffects`: what a changed activation does to a choice, by the paths that the change takes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from microgpt.errors import SettingError
from microgpt.interpretability.edit import Edit
from microgpt.interpretability.effect_table import EffectTable, signed
from microgpt.interpretability.residual_stream import LogitDifference, stream_points
from microgpt.interpretability.traced_run import record_run
from microgpt.models.gpt import GPT


@dataclass(frozen=True, repr=False)
class PathEffects(EffectTable):
    """The change of a logit difference when one activation is edited; it prints as a table.

    `clean` and `edited` are logit[first] − logit[second] at `position`, without and with the edit
    of `name`. Their difference `total` is the sum of three parts: `direct`, the change that goes
    straight through the residual stream; `indirect`, the changes of every later part that read it,
    by name; `remainder`, since the final norm's scale changes too. Direct and indirect parts are
    measured with the scale held at the clean run's. `scales` are those of both runs, 1 in a model
    without a final norm.
    """

    name: str
    logit_diff: tuple[str, str]
    position: int
    clean: float
    edited: float
    direct: float
    indirect: Mapping[str, float]
    remainder: float
    scales: tuple[float, float]
    has_final_norm: bool

    @property
    def total(self) -> float:
        """The whole change, edited − clean."""
        return self.edited - self.clean

    @property
    def total_indirect(self) -> float:
        """The sum of the indirect parts."""
        return sum(self.indirect.values())

    @property
    def title(self) -> str:
        return f"{self.name} edited: {self.compared}"

    def rows(self) -> list[tuple[str, float, str]]:
        """Return the rows of the table: label, change, note."""
        before, after = self.scales
        changed = f"final norm's scale {before:.4g} → {after:.4g}"
        return [
            ("direct effect", self.direct, "straight through the residual stream"),
            ("indirect effect", self.total_indirect, "through later parts"),
            *((f"  {part}", change, "") for part, change in self.indirect.items()),
            ("remainder", self.remainder, changed if self.has_final_norm else "no final norm"),
            ("total effect", self.total, f"{self.clean:.4f} → {self.edited:.4f}"),
        ]

    def _cells(self) -> list[tuple[str, str, str]]:
        return [(label, signed(change), note) for label, change, note in self.rows()]


def path_effects(
    model: GPT,
    tokens: np.ndarray,
    edit: Edit,
    logit_diff: tuple[int, int],
    labels: tuple[str, str],
    at: tuple[int, ...],
) -> PathEffects:
    """Run tokens (T,) or (B, T) without and with an edit; see `PathEffects`.

    `at` is the position whose logits are compared, after its row if there are several.
    """
    difference = LogitDifference(model, *logit_diff)
    clean = record_run(model, tokens).arrays
    names = list(clean)
    points = stream_points(names, model.config.n_layer)
    start = _point_of(edit.name, names, points)
    edited = record_run(model, tokens, [edit]).arrays

    def at_choice(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray:
        return arrays[name][at].astype(np.float64)

    first, second = logit_diff
    values = [
        float(logits[first] - logits[second])
        for logits in (at_choice(arrays, "logits") for arrays in (clean, edited))
    ]
    last = list(points)[-1]
    difference.check(at_choice(clean, last), at_choice(clean, "logits"), values[0])
    before, after = (difference.scale(at_choice(arrays, last)) for arrays in (clean, edited))
    # Each point's change, read by norm and head with the scale held, minus the point's before.
    changes = [
        before * float(difference.direction @ (at_choice(edited, name) - at_choice(clean, name)))
        for name in list(points)[start:]
    ]
    return PathEffects(
        name=edit.name,
        logit_diff=labels,
        position=at[-1],
        clean=values[0],
        edited=values[1],
        direct=changes[0],
        indirect=dict(
            zip(list(points.values())[start + 1 :], np.diff(changes).tolist(), strict=True)
        ),
        remainder=(after - before) * float(difference.direction @ at_choice(edited, last)),
        scales=(before, after),
        has_final_norm=model.ln_f is not None,
    )


def _point_of(name: str, names: list[str], points: Mapping[str, str]) -> int:
    """Return the number of the point at which an activation's change enters the stream."""
    order = {point: names.index(point) for point in points}
    later = [number for number, point in enumerate(points) if order[point] >= names.index(name)]
    if not later:
        last = list(points)[-1]
        raise SettingError("name", f"an activation that comes no later than {last}", name)
    return later[0]

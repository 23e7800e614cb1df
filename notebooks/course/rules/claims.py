"""The rule for what a notebook claims of its experiments: measured on five seeds, and seen.

The author notes a claim in the cell that makes it, by its name in numbers.toml: `# source: claims:
best_step` for an effect, `# source: no difference seen: depth_first_loss` where there is none.
"""

from collections.abc import Iterator

from measuring.claim import NOT_SEEN, SEEN, possible_verdicts

from .page import Page

VERDICTS = {"claims": SEEN, NOT_SEEN: NOT_SEEN}  # by the note's label


def noted_claims(page: Page) -> Iterator[tuple[str, str, str]]:
    """The cell, the label and the name of each claim that is noted."""
    for cell in page.cells:
        for label in VERDICTS:
            for note in cell.noted(label):
                yield from ((cell.name, label, name.strip()) for name in note.split(","))


def claims_are_measured(page: Page) -> list[str]:
    """Each claim is measured and its verdict is that of the note; each measurement is noted."""
    measured = {entry["claim"]: entry for entry in page.measured}
    violations, noted = [], set()
    for cell, label, name in noted_claims(page):
        noted.add(name)
        if name not in measured:
            violations.append(f"cell {cell!r}: {name!r} is not measured; run notebooks/measure.py")
        elif measured[name]["verdict"] != VERDICTS[label]:
            violations.append(
                f"cell {cell!r} notes {label!r} of {name!r}; measured: "
                f"{measured[name]['verdict']!r}. Change what it says, or remove it"
            )
    for name, entry in measured.items():
        if entry["verdict"] not in possible_verdicts(entry["effect"], entry["spread"]):
            violations.append(
                f"{name!r} is {entry['effect']} ± {entry['spread']}: that is not "
                f"{entry['verdict']!r}"
            )
        if name not in noted:
            violations.append(f"{name!r} is measured, but no cell notes it")
    return violations


RULES = [claims_are_measured]

"""Read `mutants.txt`: small changes of the code that the tests must notice."""

from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("mutants.txt")
FAMILY, ARROW, EQUIVALENT = "== ", " => ", " ## equivalent: "


@dataclass(frozen=True)
class Mutant:
    """One change of a file: `old`, which stands there once, becomes `new`.

    `tests` are those of its family. `equivalent` says why no test can notice the change, if so.
    """

    family: str
    tests: tuple[str, ...]
    file: str
    old: str
    new: str
    equivalent: str

    def __str__(self) -> str:
        reason = f" ({self.equivalent})" if self.equivalent else ""
        return f"{self.file}: {self.old!r} => {self.new!r}{reason}"

    @property
    def own_test(self) -> str:
        """The path of the tests of the file: tests/<package>/test_<module>.py."""
        path = Path(self.file)
        return str(Path("tests", *path.parts[1:-1], f"test_{path.name}"))

    def apply(self, text: str) -> str:
        """Return the text of the file with the change."""
        if (count := text.count(self.old)) != 1:
            raise ValueError(f"{self}: the old text must stand there once; it does {count} times")
        return text.replace(self.old, self.new)

    def is_named(self, names: list[str]) -> bool:
        """Whether one of the names is that of the family or of the file; all are if none is."""
        return not names or self.family in names or Path(self.file).name in names


def read_mutants(path: Path = LIST) -> list[Mutant]:
    """Return all mutants of the list, in its order.

    A line `== family: tests` begins a family. Each line after it is `file: old => new`, with \\n
    for a new line, and after ` ## equivalent: ` the reason why no test can notice.
    """
    mutants: list[Mutant] = []
    family, tests = "", ()
    for line in path.read_text("utf-8").splitlines():
        if line.startswith(FAMILY):
            family, _, names = line.removeprefix(FAMILY).partition(": ")
            tests = tuple(names.split())
        elif line.strip() and not line.startswith("#"):
            change, _, reason = line.partition(EQUIVALENT)
            file, _, rest = change.partition(": ")
            old, arrow, new = rest.partition(ARROW)
            if not arrow or not family:
                raise ValueError(f"not `file: old => new` in a family: {line}")
            old, new = (text.replace("\\n", "\n") for text in (old, new))
            mutants.append(Mutant(family, tests, f"microgpt/{file}", old, new, reason))
    return mutants

"""`workbook`: write the file, and put the answers of this session into its open parts."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from microgpt._io.atomic_write import atomic_write
from microgpt.errors import Described, FormatError, NotWritable, SettingError
from microgpt.learn.answer_cells import names_set_by_cell
from microgpt.learn.answer_source import AnswerSource, SourceUnavailable, correct_answers
from microgpt.learn.html import Card, card_html
from microgpt.learn.messages import format_message, message_section
from microgpt.learn.workbook_sections import (
    Section,
    find_sections,
    part_ids,
    replace_section,
    template,
)


@dataclass
class WorkbookReport:
    """What `workbook` did: ids of parts by what became of them, displayed as a card.

    `filled` and `replaced` took an answer of this session; `kept` were filled before; of these,
    `newer` lists those that differ from this session's answer. `problems` says why an answer could
    not be put in. `backup` is the file as it was before a part was replaced.
    """

    path: Path
    filled: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    newer: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    backup: Path | None = None

    @property
    def title(self) -> str:
        """How many parts are filled, in a sentence."""
        count = len(self.filled) + len(self.replaced) + len(self.kept)
        values = {"name": self.path.name, "count": count, "total": len(part_ids())}
        return format_message("workbook", "title", **values)

    def points(self) -> tuple[tuple[str, str], ...]:
        """Return what became of the parts, as symbols and sentences."""
        states = {state: texts["symbol"] for state, texts in message_section("states").items()}
        done, todo, not_yet = states["correct"], states["not attempted"], states["not yet"]
        points = []
        for key, symbol in (("filled", done), ("replaced", done), ("kept", done)):
            if ids := getattr(self, key):
                values = {"ids": ", ".join(ids), "backup": getattr(self.backup, "name", "")}
                points.append((symbol, format_message("workbook", f"parts_{key}", **values)))
        for id in self.newer:
            newer = format_message("workbook", "newer", id=id, path=self.path.as_posix())
            points.append((not_yet, newer))
        points += [(not_yet, f"{id}: {problem}") for id, problem in self.problems.items()]
        if self.open:
            ids = ", ".join(self.open)
            points.append((todo, format_message("workbook", "open", ids=ids)))
        return tuple(points)

    @property
    def footer(self) -> str:
        """The command that runs the file, in backquotes."""
        return format_message("workbook", "run", path=self.path.as_posix())

    def __repr__(self) -> str:
        points = (f"{symbol} {text}" for symbol, text in self.points())
        return "\n  ".join([self.title, *points, self.footer]).replace("`", "")

    def _repr_html_(self) -> str:
        footer, points = self.footer, self.points()
        return card_html(Card("plain", "#", self.title, points=points, footer=footer))


def workbook(
    path: str | Path = "my_microgpt.py", replace: str | Sequence[str] = ()
) -> WorkbookReport:
    """Write your GPT into one file, or put this session's answers into the parts still open there.

    The file is a whole GPT in NumPy, with fourteen parts to write, twelve of which are exercises;
    in an open part the library's function runs. Answers are those that `check` has found correct in
    this session. What is written in the file stays: a filled part takes a newer answer only if
    `replace` has its id, and the file as it was is then kept beside it. Raises NotWritable if the
    file is no workbook.
    """
    target = Path(path).expanduser()
    if target.suffix != ".py":
        raise SettingError("path", "a file name that ends in .py", Described(str(path)))
    answers = correct_answers()
    ids = [replace] if isinstance(replace, str) else list(replace)
    for id in ids:
        if id not in part_ids():
            raise SettingError("replace", got=id, choices=part_ids())
        if id not in answers:
            expected = "the id of an answer that check has found correct in this session"
            raise SettingError("replace", expected, id)
    before = _read(target)
    report = WorkbookReport(target)
    text = template() if before is None else before
    for id in part_ids():
        text = _update(text, id, answers.get(id), id in ids, report)
    if text != before:
        if report.replaced and before is not None:
            report.backup = _free_name(target)
            _write(report.backup, before)
        _write(target, text)
    return report


def _update(
    text: str,
    id: str,
    answer: AnswerSource | SourceUnavailable | None,
    replace: bool,
    report: WorkbookReport,
) -> str:
    """Return the text with the answer in its part, if it goes there; note what became of it."""
    section = find_sections(text).get(id)
    if section is None:
        report.problems[id] = format_message("workbook", "no_heading", id=id)
        return text
    is_open = section.open_line is not None
    if isinstance(answer, AnswerSource) and (is_open or replace):
        code, clash = _code_for(text, section, answer)
        if not clash:
            (report.filled if is_open else report.replaced).append(id)
            return replace_section(text, section, _filled(section, code))
        report.problems[id] = clash
    elif isinstance(answer, SourceUnavailable) and (is_open or replace):
        report.problems[id] = str(answer)
    elif isinstance(answer, AnswerSource) and not _has_code(section, answer):
        report.newer.append(id)
    (report.open if is_open else report.kept).append(id)
    return text


def _code_for(text: str, section: Section, answer: AnswerSource) -> tuple[str, str]:
    """Return the answer's code for a workbook, or the sentence that says which name is taken."""
    elsewhere = replace_section(text, section, "")
    taken = names_set_by_cell(elsewhere)
    known = elsewhere.splitlines()
    statements = {ast.dump(statement) for statement in _statements(elsewhere)}
    present = {
        *(name for name, line in answer.imports.items() if line in known),
        *(
            name
            for name, code in answer.definitions.items()
            if ast.dump(ast.parse(code).body[0]) in statements
        ),
    }
    bound = {*answer.imports, *answer.definitions}
    if clashes := sorted((bound & taken) - present):
        return "", format_message("workbook", "clash", name=section.name, used=clashes[0])
    return answer.code(present & taken), ""


def _filled(section: Section, code: str) -> str:
    """Return a part's text with the code in place of its open line, or of all but its heading."""
    newline = "\r\n" if "\r\n" in section.text else "\n"
    code = code.replace("\n", newline)
    if match := section.open_line:
        return section.text[: match.start()] + code + section.text[match.end() :]
    end = section.text[len(section.text.rstrip()) :]
    return section.heading + newline + code + end


def _has_code(section: Section, answer: AnswerSource) -> bool:
    """Whether a statement of the part is the answer's, comments included."""
    code = list(answer.definitions.values())[-1].split("\n")
    lines = _unix(section.text).split("\n")
    for statement in _statements(section.text):
        decorators = getattr(statement, "decorator_list", [])
        start = min(node.lineno for node in (statement, *decorators)) - 1
        end = max(statement.end_lineno or 0, start + len(code))
        if lines[start:end] == code:
            return True
    return False


def _statements(text: str) -> list[ast.stmt]:
    """Return the statements at the top level of Python code, none if it cannot be parsed."""
    try:
        return ast.parse(text).body
    except (SyntaxError, ValueError):
        return []


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _read(target: Path) -> str | None:
    """Return the workbook's text, None if there is no file; raise on what is no workbook."""
    if not target.exists():
        return None
    if target.is_dir():
        raise NotWritable(f"{target} is a folder; name a file in it")
    try:
        text = target.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"{target} is no UTF-8 text ({error.reason}); save it as UTF-8") from None
    if text.strip() and not find_sections(text):
        raise NotWritable(
            f"{target} is no workbook and may be someone's work; name another file, or remove it"
        )
    return text if text.strip() else None


def _write(target: Path, text: str) -> None:
    with atomic_write(target) as stream:
        stream.write(text.encode())


def _free_name(target: Path) -> Path:
    """Return a name beside the file that nothing has yet: my_microgpt.1.py, my_microgpt.2.py, …"""
    number = 1
    while (free := target.with_name(f"{target.stem}.{number}{target.suffix}")).exists():
        number += 1
    return free

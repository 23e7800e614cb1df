"""What the README shows is what happens."""

import doctest
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = re.findall(r"```python\n(.*?)```\n+```text\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_examples_print_what_they_say(number, tmp_path):
    code, expected = EXAMPLES[number]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout == expected


def test_it_is_short():
    assert len(EXAMPLES) == README.count("```python") == 2
    assert sum(bool(line.strip()) for line in EXAMPLES[0][0].splitlines()) <= 10
    assert len(README.splitlines()) <= 150
    first_screen = README.splitlines()[:32]
    assert any(line.startswith("![") for line in first_screen)
    assert sum(line.startswith("make ") for line in first_screen) == 2


@pytest.mark.parametrize("module", ["autograd.value", "autograd.tensor"])
def test_docstrings_print_what_they_say(module):
    loaded = importlib.import_module(f"microgpt.{module}")
    results = doctest.testmod(loaded)
    assert results.attempted > 0
    assert results.failed == 0


def test_commands_exist():
    from microgpt.cli.main import parser

    commands = [line.split("#")[0] for line in README.splitlines() if line.startswith("microgpt ")]
    assert len(commands) >= 6
    for command in commands:
        parser().parse_args(shlex.split(command)[1:])


def test_links_and_files_exist():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target
    for page in PAGES:
        text = page.read_text("utf-8")
        for path in re.findall(r"`((?:microgpt|tests|notebooks)/[\w/.]+)`", text):
            assert (ROOT / path).exists(), f"{page} names {path}"
        for path in re.findall(r"`(\w+/[\w/]+\.py)`", text):
            assert (ROOT / path).exists() or (ROOT / "microgpt" / path).exists(), f"{page}: {path}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_section_stands_twice_on_a_page(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^##? .+$", text, re.MULTILINE)
    assert len(headings) == len(set(headings)), headings


def test_environment_lists_the_same_dependencies():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["lab"]]
    environment = (ROOT / "environment.yml").read_text("utf-8")
    for requirement in required:
        name, bound = requirement.split(">=")
        assert f"- {name} >={bound}\n" in environment


def test_no_machine_and_no_index_is_named():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    for name in listed:
        if name.endswith((".py", ".md", ".yml", ".toml", ".ipynb", "Makefile")):
            text = (ROOT / name).read_text("utf-8")
            assert not re.search(r"/(wor[k]|roo[t]|hom[e])/", text), name

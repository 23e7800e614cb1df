"""Errors keep the settings that they are about."""

import ast
from pathlib import Path

import microgpt
from microgpt.errors import (
    MAX_VALUE_LENGTH,
    SettingError,
    ShapeError,
    SizeError,
    closest,
    shorten,
)


def test_a_long_value_is_shortened():
    text = str(SettingError("corpus", "a name", "x" * 1000))
    assert len(text) < 130
    assert text.endswith("x…")


def test_only_what_is_too_long_is_shortened():
    assert shorten("x" * MAX_VALUE_LENGTH) == "x" * MAX_VALUE_LENGTH
    assert shorten("x" * (MAX_VALUE_LENGTH + 1)) == "x" * (MAX_VALUE_LENGTH - 1) + "…"


def test_the_nearest_name_is_written_as_it_is_known():
    assert closest("samplconfig", ["SampleConfig", "GPTConfig"]) == "SampleConfig"
    assert closest("gpt2-124m", ["gpt2-124M"]) == "gpt2-124M"
    assert closest("zzz", ["SampleConfig"]) == closest(3, ["3"]) == ""


def test_an_error_of_settings_is_of_both_classes():
    error = SizeError("n_embd", "a multiple of {n_head}", 10, n_head=4)
    assert isinstance(error, SettingError)
    assert isinstance(error, ShapeError)
    assert (error.name, error.expected, error.got) == ("n_embd", "a multiple of {n_head}", 10)


def raised_settings():
    """Every SettingError that the package raises: its file and line, its name and arguments."""
    for file in sorted(Path(microgpt.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in (
                "SettingError",
                "SizeError",
            ):
                yield f"{file.name}:{node.lineno}", node


def test_every_setting_error_has_its_fields():
    """A sentence of its own would be one that the command line cannot write with its options."""
    count = 0
    for where, node in raised_settings():
        count += 1
        named = {keyword.arg for keyword in node.keywords}
        assert len(node.args) >= 2 or named & {"expected", "choices"}, where
    assert count > 150

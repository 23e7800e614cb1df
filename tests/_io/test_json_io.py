"""JSON from untrusted files."""

import json

import pytest

from microgpt._io.json_io import MAX_BYTES, format_json, parse_json, read_json
from microgpt.errors import FormatError, SettingError

WRONG = [
    (b"\xff", "must be UTF-8 text; byte 0 is not"),
    (b"[1]", "must be a JSON object; got list"),
    (b"{", "is not JSON that can be read"),
    (b'{"a":' * 100_000, "is nested too deeply"),
    (b'{"a": {"b": 1, "b": 2}}', "the key 'b' comes twice"),
]


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_what_is_no_object_is_named(content, message):
    with pytest.raises(FormatError, match=message) as refused:
        parse_json(content, "the header of x")
    assert str(refused.value).startswith("the header of x ")


def test_files_are_bounded(tmp_path):
    file = tmp_path / "a.json"
    file.write_text('{"a": "é"}', "utf-8")
    assert read_json(file) == {"a": "é"}
    with pytest.raises(FormatError, match=r"a\.json must be JSON of at most 9 bytes; got 11"):
        read_json(file, max_bytes=9)


def test_a_file_may_be_as_large_as_its_bound(tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"a": "x" * MAX_BYTES}))
    size = file.stat().st_size
    assert len(read_json(file, max_bytes=size)["a"]) == MAX_BYTES
    with pytest.raises(FormatError, match="at most 1,048,576 bytes"):
        read_json(file)


def test_what_is_written_is_read_again():
    content = {"a": [1, 2.5, None, True, "é\ud800"], "b": {"c": {}}, "d": float("inf")}
    assert parse_json(format_json(content, "x").encode(), "x") == content


@pytest.mark.parametrize(
    "content",
    [
        {1: "a"},
        {"a": {2: "b"}},
        {"a": [{3: "c"}]},
        {"a": ({4: "d"},)},
        ["a"],
        {"a": {1}},
        {"a": 10**5000},
    ],
    ids=("a number", "deeper", "in a list", "in a tuple", "no dictionary", "a set", "too long"),
)
def test_what_could_not_be_read_again_is_not_written(content):
    """JSON would turn the key 1 into a text, and so lose it without a word."""
    with pytest.raises(SettingError, match="notes must be made of dictionaries with names"):
        format_json(content, "notes")

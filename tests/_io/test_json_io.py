"""JSON from untrusted files."""

import pytest

from microgpt._io.json_io import parse_json, read_json
from microgpt.errors import FormatError

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

"""llm.c's tokenizer files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llmc_files import header
from llmc_models import FUZZ, NUMBERS, Tokens, read_whatever

import microgpt as mg
from microgpt.pretrained.llmc.tokenizer_file import read_tokenizer, write_tokenizer


def test_gpt2_s_tokenizer_is_written_byte_for_byte(fixtures, data, tmp_path, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    original = fixtures / "llmc" / "gpt2_tokenizer_v2.bin"
    tokenizer = mg.tokenizers.gpt2()
    written = write_tokenizer(tmp_path / "tokenizer.bin", tokenizer)
    assert written.read_bytes() == original.read_bytes()
    tokens, eos_token_id = read_tokenizer(original)
    assert (len(tokens), eos_token_id, tokens[50256]) == (50257, 50256, b"<|endoftext|>")
    assert b"".join(tokens[token] for token in (6109, 3626, 6100, 345)) == b"Every effort moves you"


def test_tokenizers_round_trip_and_what_does_not_fit(tmp_path):
    file, tokens = tmp_path / "t.bin", [b"a", bytes(range(255)), b"<|end|>", b"a"]
    write_tokenizer(file, Tokens(tokens, 2))
    assert read_tokenizer(file) == (tokens, 2)
    content = bytearray(file.read_bytes())
    content[4] = 1  # version 1 says nothing of an end
    file.write_bytes(content)
    assert read_tokenizer(file) == (tokens, None)
    with pytest.raises(mg.SettingError, match=r"token 1 must be .* got 256"):
        write_tokenizer(file, Tokens([b"a", bytes(256)]))
    with pytest.raises(mg.SettingError, match=r"token 0 must be .* got 0"):
        write_tokenizer(file, Tokens([b""]))
    with pytest.raises(mg.SettingError, match="got one without"):
        write_tokenizer(file, Tokens([b"a"], None))
    with pytest.raises(mg.SettingError, match="of byte pairs"):
        write_tokenizer(file, object())


@pytest.mark.parametrize(("end", "fits"), [(-1, False), (0, True), (1, True), (2, False)])
def test_the_end_of_a_text_is_one_of_the_tokens(tmp_path, end, fits):
    file = tmp_path / "t.bin"
    file.write_bytes(header(20240328, 2, 2, end) + b"\1a\1b")
    if fits:
        assert read_tokenizer(file) == ([b"a", b"b"], end)
    else:
        with pytest.raises(mg.FormatError, match=f"the end of a text; found {end}"):
            read_tokenizer(file)


@FUZZ
@given(version=st.sampled_from([1, 2, 3]), number=NUMBERS, end=NUMBERS,
       content=st.binary(max_size=300))  # fmt: skip
def test_any_tokenizer_is_tokens_or_an_error(scratch_file, version, number, end, content):
    content = header(20240328, version, number, end) + content
    found = read_whatever(scratch_file, content, read_tokenizer)
    if found is not None:
        assert len(found.tokens) == number
        assert sum(map(len, found.tokens)) + number == len(content) - 1024

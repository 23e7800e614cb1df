"""GPT-2's files of merges and ids: written as published, read with care."""

import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import tokenizers
from microgpt.errors import FormatError, SettingError
from microgpt.tokenizers import BPETokenizer, gpt2_vocab
from microgpt.tokenizers.merges_file import GPT2_BYTE_ORDER, bytes_to_unicode, parse_merges

FIRST_OF_GPT2 = "#version: 0.2\nĠ t\nĠ a\nh e\ni n\nr e\no n\nĠt he\ne r\nĠ s\na t\n"


def test_the_beginning_of_gpt2_s_list(tmp_path):
    (tmp_path / "merges.txt").write_text(FIRST_OF_GPT2, "utf-8")
    tokenizer = tokenizers.read_merges(tmp_path / "merges.txt")
    assert tokenizer.encode(" the") == [262]
    assert tokenizer.encode("!\x00\xad") == [0, 188, 126, 255]
    assert tokenizer.token_bytes(262) == b" the"
    assert tokenizer.eos_token_id == 266
    assert tokenizers.format_merges(tokenizer) == FIRST_OF_GPT2
    (tmp_path / "merges.txt").write_bytes(FIRST_OF_GPT2.encode().replace(b"\n", b"\r\n")[:-2])
    assert tokenizers.read_merges(tmp_path / "merges.txt").to_dict() == tokenizer.to_dict()


def test_one_name_has_one_id(tmp_path):
    tokenizer = BPETokenizer([(97, 98)], ["ab"])
    with pytest.raises(SettingError, match="got 'ab' as tokens 256 and 257"):
        tokenizers.get_vocab(tokenizer)
    ids = tokenizers.get_vocab(BPETokenizer([(97, 98)], ())) | {"ab": 300}
    (tmp_path / "vocab.json").write_text(json.dumps(ids))
    (tmp_path / "merges.txt").write_text("a b\n")
    with pytest.raises(FormatError, match="found another id for 'ab'"):
        tokenizers.read_merges(tmp_path / "merges.txt", tmp_path / "vocab.json")


def test_merges_written_are_the_published_ones(gpt2, data):
    file = data / "tiktoken-cache" / gpt2_vocab.TIKTOKEN_CACHE_NAME
    assert tokenizers.format_merges(gpt2).encode() == file.read_bytes()
    encoder = (
        data
        / "tiktoken-cache"
        / hashlib.sha1(
            gpt2_vocab.VOCAB_BPE.url.replace("vocab.bpe", "encoder.json").encode()
        ).hexdigest()
    )
    assert tokenizers.get_vocab(gpt2) == json.loads(encoder.read_bytes())
    assert tokenizers.read_merges(file, encoder).to_dict() == gpt2.to_dict()


@pytest.fixture
def files(trained, tmp_path):
    """The files that other programs take for a tokenizer: merges.txt and vocab.json."""
    merges, vocabulary = tmp_path / "merges.txt", tmp_path / "vocab.json"
    merges.write_text(tokenizers.format_merges(trained), "utf-8")
    vocabulary.write_text(json.dumps(tokenizers.get_vocab(trained)), "utf-8")
    return merges, vocabulary


def test_a_vocabulary_says_the_order_of_bytes_and_special_tokens(files, trained):
    again = tokenizers.read_merges(*files)
    assert again.to_dict() == {**trained.to_dict(), "counts": None}
    assert tokenizers.read_merges(files[0]).byte_order == GPT2_BYTE_ORDER


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ids: {**ids, "a": 400}, "must give ids"),
        (lambda ids: {name: ids[name] for name in list(ids)[5:]}, "must give ids"),
        (lambda ids: {**ids, "<x>": 500}, "must give ids"),
        (
            lambda ids: {n: i + 3 for n, i in ids.items()},
            "it has 0 tokens before the first byte, w",
        ),
        (lambda ids: {**ids, "<x>": "y"}, "object from tokens to integer ids"),
        (lambda ids: list(ids), "must be a JSON object"),
    ],
)
def test_vocabularies_that_do_not_fit(files, change, message):
    merges, vocabulary = files
    vocabulary.write_text(json.dumps(change(json.loads(vocabulary.read_text()))))
    with pytest.raises(FormatError, match=rf"vocab\.json .*{message}"):
        tokenizers.read_merges(merges, vocabulary)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a b\nb\n", "line 2 of .* must hold two tokens"),
        (b"a b\n\nb c\n", "line 2"),
        (b"a b\nabc d\n", "line 2"),
        (b"a b\na b\n", "repeats merge 0"),
        (b"\xff\xfe", "UTF-8"),
        (b"a b c\n", "line 1"),
        ("a \u2713\n".encode(), "line 1"),
    ],
)
def test_lists_that_cannot_be_read(tmp_path, content, message):
    (tmp_path / "own.bpe").write_bytes(content)
    with pytest.raises(FormatError, match=message) as caught:
        tokenizers.read_merges(tmp_path / "own.bpe")
    assert "own.bpe" in str(caught.value)


def test_files_that_are_not_there_or_too_large(tmp_path, monkeypatch):
    with pytest.raises(FormatError, match="there is no file"):
        tokenizers.read_merges(tmp_path / "absent")
    with open(tmp_path / "large", "wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(FormatError, match="expected 33,554,432 at most"):
        tokenizers.read_merges(tmp_path / "large")
    (tmp_path / "merges.txt").write_text(FIRST_OF_GPT2, "utf-8")
    (tmp_path / "vocab.json").write_text("[" * 100_000)
    with pytest.raises(FormatError, match=r"vocab\.json is nested too deeply"):
        tokenizers.read_merges(tmp_path / "merges.txt", tmp_path / "vocab.json")


LINES = st.lists(st.sampled_from(["a", "b", "ab", "Ġ", "Ġa", "", "\u2713", "#version: 0.2"]))


@settings(deadline=None, max_examples=200)
@given(
    content=st.binary()
    | st.text().map(str.encode)
    | st.lists(LINES).map(lambda lines: "\n".join(map(" ".join, lines)).encode())
)
def test_any_bytes_are_merges_or_a_format_error(content):
    try:
        tokenizer = parse_merges(content, "some.bpe")
    except FormatError:
        with pytest.raises(FormatError, match=r"some\.bpe"):
            parse_merges(content, "some.bpe")
        return
    assert (
        parse_merges(tokenizers.format_merges(tokenizer).encode(), "x").merges == tokenizer.merges
    )
    assert tokenizer.decode(tokenizer.encode("a✓")) == "a✓"


def test_printable_bytes():
    assert bytes_to_unicode(b" a\n\xc3") == "ĠaĊÃ"
    assert len({bytes_to_unicode(bytes([byte])) for byte in range(256)}) == 256

"""`load`: a tokenizer from files and folders."""

import json

import pytest

from microgpt import tokenizers
from microgpt.errors import FormatError


def test_a_tokenizer_is_read_from_what_there_is(tmp_path):
    learned = tokenizers.train_bpe("the fox then the hen", 262)
    own = tmp_path / "tokenizer.json"
    own.write_text(json.dumps(learned.to_dict()), "utf-8")
    for path in (own, tmp_path):
        assert tokenizers.load(path).to_dict() == learned.to_dict()
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "merges.txt").write_text(tokenizers.format_merges(learned), "utf-8")
    (foreign / "vocab.json").write_text(json.dumps(tokenizers.get_vocab(learned)), "utf-8")
    assert tokenizers.load(foreign).encode("the hen") == learned.encode("the hen")
    (foreign / "vocab.json").unlink()
    assert tokenizers.load(foreign / "merges.txt").vocab_size == 262  # with GPT-2's numbers


@pytest.mark.parametrize("content", ["", "[1]", '{"type": "x"}', "[" * 100_000])
def test_a_file_that_describes_no_tokenizer(tmp_path, content):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(FormatError, match=r"a\.json describes no tokenizer"):
        tokenizers.load(tmp_path / "a.json")
    with pytest.raises(FormatError, match="holds no tokenizer"):
        tokenizers.load(tmp_path)
    with pytest.raises(FormatError, match="there is no file"):
        tokenizers.load(tmp_path / "b.json")

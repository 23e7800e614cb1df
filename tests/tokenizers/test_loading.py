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


def test_added_tokens_have_a_file_of_their_own(tmp_path):
    learned = tokenizers.train_bpe("the fox then the hen", 262)
    (tmp_path / "merges.txt").write_text(tokenizers.format_merges(learned), "utf-8")
    (tmp_path / "vocab.json").write_text(json.dumps(tokenizers.get_vocab(learned)), "utf-8")
    settings = tmp_path / "tokenizer_config.json"
    settings.write_text('{"add_prefix_space": true}')
    with pytest.raises(FormatError, match=r"tokenizer_config.json: add_prefix_space must be fal"):
        tokenizers.load(tmp_path)
    settings.write_text('{"add_prefix_space": false}')
    added = tmp_path / "added_tokens.json"
    added.write_text('{"<b>": 263, "<a>": 262}')
    for path in (tmp_path, tmp_path / "merges.txt"):
        loaded = tokenizers.load(path)
        assert loaded.special_tokens == {"<|endoftext|>": 261, "<a>": 262, "<b>": 263}
        ids = loaded.encode("the<b>hen<|endoftext|>", allowed_special="all")
        assert ids[-1] == 261
        assert 263 in ids
        assert loaded.encode("the hen") == learned.encode("the hen")
    for content, message in (
        ('{"<a>": 264}', "found another id for '<a>'"),
        ('{"<|endoftext|>": 262}', r"added_tokens.json gives '<.*the id 262, vocab.json 261"),
        ('{"<a>": "262"}', "added_tokens.json must be a JSON object from tokens to integer ids"),
        ('{"<a>": NaN}', "added_tokens.json must be a JSON object from tokens to integer ids"),
        ('{"<a>": 262, "<a>": 263}', "comes twice"),
    ):
        added.write_text(content)
        with pytest.raises(FormatError, match=message):
            tokenizers.load(tmp_path)

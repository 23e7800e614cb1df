"""Hugging Face's tokenizer.json: its library's ids, and anything else refused by name."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from microgpt import tokenizers
from microgpt.errors import FormatError
from microgpt.tokenizers.tokenizer_json import parse_tokenizer_json

GOLDEN = json.loads(
    (Path(__file__).parents[1] / "golden" / "tokenizer_json.json").read_text("utf-8")
)


def written(folder, content):
    (folder / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    return folder


def changed(path, value):
    """The golden tokenizer with one entry changed, as in "model.type"."""
    content = json.loads(json.dumps(GOLDEN["tokenizer"]))
    *parts, last = path.split(".")
    inner = content
    for part in parts:
        inner = inner[part]
    inner[last] = value
    return content


@pytest.mark.parametrize("as_texts", [True, False], ids=["merges as texts", "merges as pairs"])
def test_ids_are_those_of_hugging_face_s_library(tmp_path, as_texts):
    merges = GOLDEN["tokenizer"]["model"]["merges"]
    content = changed("model.merges", [" ".join(pair) for pair in merges] if as_texts else merges)
    for path in (written(tmp_path, content), tmp_path / "tokenizer.json"):
        tokenizer = tokenizers.load(path)
        for entry in GOLDEN["texts"]:
            ids = tokenizer.encode(entry["text"], allowed_special="all")
            assert ids == entry["ids"]
            assert tokenizer.encode_reference(entry["text"], allowed_special="all") == ids
            assert tokenizer.decode(ids, show_special=True) == entry["text"]


def test_special_tokens_with_the_first_ids():
    tokenizer = parse_tokenizer_json(GOLDEN["tokenizer"], "x")
    assert tokenizer.special_tokens == {"<|endoftext|>": 0, "<pad>": 1, "<sep>": 299}
    assert (tokenizer.vocab_size, tokenizer.eos_token_id, tokenizer.bos_token_id) == (300, 0, 0)
    assert tokenizer.token_bytes(2) == b"!"
    assert tokenizer.decode([0, 70, 1, 299, 70]) == "ee"
    plain = tokenizer.encode("<pad>")
    assert not {0, 1, 299} & set(plain)
    assert tokenizer.encode("e", bos=True, eos=True) == [0, 70, 0]
    again = tokenizers.from_dict(json.loads(json.dumps(tokenizer.to_dict())))
    assert again.to_dict() == tokenizer.to_dict()
    assert again.encode("the cat", bos=True) == tokenizer.encode("the cat", bos=True)


def test_they_come_back_from_vocab_and_merges(tmp_path):
    tokenizer = parse_tokenizer_json(GOLDEN["tokenizer"], "x")
    (tmp_path / "merges.txt").write_text(tokenizers.format_merges(tokenizer), "utf-8")
    (tmp_path / "vocab.json").write_text(json.dumps(tokenizers.get_vocab(tokenizer)), "utf-8")
    assert tokenizers.load(tmp_path).to_dict() == tokenizer.to_dict()


def test_the_tokens_that_begin_and_end_a_document(tmp_path):
    written(tmp_path, GOLDEN["tokenizer"])
    config = {"eos_token": {"content": "<sep>"}, "bos_token": "<pad>", "pad_token": None}
    (tmp_path / "special_tokens_map.json").write_text(json.dumps({"eos_token": "<pad>"}))
    assert tokenizers.load(tmp_path).eos_token_id == 1
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = tokenizers.load(tmp_path)
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id) == (1, 299)
    assert tokenizer.encode("e", bos=True, eos=True) == [1, 70, 299]
    again = tokenizers.from_dict(tokenizer.to_dict())
    assert (again.bos_token_id, again.eos_token_id) == (1, 299)
    config["eos_token"] = "</s>"  # not a token of this tokenizer
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert tokenizers.load(tmp_path).eos_token_id == 0


VOCAB = GOLDEN["tokenizer"]["model"]["vocab"]
MERGES = GOLDEN["tokenizer"]["model"]["merges"]
ADDED = GOLDEN["tokenizer"]["added_tokens"]
UNSUPPORTED = [
    ("model.type", "Unigram", "model.type must be 'BPE'.*; got 'Unigram'"),
    ("model.dropout", 0.1, r"model.dropout must be .*; got 0\.1"),
    ("model.dropout", float("nan"), r"model.dropout must be .*; got nan"),
    ("model.byte_fallback", True, "model.byte_fallback must be False"),
    ("model.ignore_merges", True, "model.ignore_merges must be False"),
    ("model.end_of_word_suffix", "</w>", "model.end_of_word_suffix must be .*; got '</w>'"),
    ("model.continuing_subword_prefix", "##", "continuing_subword_prefix must be .*; got '##'"),
    ("model", [], "its model must be a JSON object"),
    ("normalizer", {"type": "NFC"}, "normalizer must be null.*; got 'NFC'"),
    ("pre_tokenizer", None, "pre_tokenizer must be 'ByteLevel'.*; got None"),
    ("pre_tokenizer", {"type": "Whitespace"}, "pre_tokenizer must be .*; got 'Whitespace'"),
    ("pre_tokenizer", {"type": "Sequence", "pretokenizers": []}, "must be .*; got 'Sequence'"),
    ("pre_tokenizer", {"type": "ByteLevel"}, "pre_tokenizer.add_prefix_space must be False"),
    ("pre_tokenizer.use_regex", False, "pre_tokenizer.use_regex must be True"),
    ("model.vocab", [], "model.vocab must be a JSON object"),
    ("model.vocab", VOCAB | {"a": 1.0}, "model.vocab must be a JSON object .* integer ids"),
    ("model.vocab", VOCAB | {"a": True}, "model.vocab must be a JSON object .* integer ids"),
    ("model.vocab", VOCAB | {"a": float("nan")}, "model.vocab must be .* integer ids"),
    ("model.vocab", VOCAB | {"a": 5}, "must give ids"),
    ("model.vocab", VOCAB | {"<x>": 400}, "found another id for '<x>'"),
    ("model.vocab", {k: i + 1 for k, i in VOCAB.items()}, "must give ids|the ids 1 .* and 0"),
    ("model.vocab", {k: i for k, i in VOCAB.items() if k != "Ġ"}, "none for 1 bytes, such as 0x20"),
    ("model.merges", MERGES[:-1], "which neither merges nor added_tokens make"),
    ("model.merges", MERGES[::-1], "must hold two tokens defined by earlier ones"),
    ("model.merges", [*MERGES, 7], "merge 41 must be two texts; got 7"),
    ("model.merges", [*MERGES, ["a"]], "merge 41 of .* must hold two tokens"),
    ("model.merges", {}, "model.merges must be a list"),
    ("added_tokens", 3, "added_tokens must be a list"),
    ("added_tokens", [3], "an added token must have a content and an integer id; got 3"),
    ("added_tokens", [{"content": "x"}], "an added token must have"),
    ("added_tokens", [{"content": "<pad>", "id": 7}], r"ids 1 \(vocab\) and 7 \(added_tokens\)"),
    ("added_tokens", [{"content": "the", "id": VOCAB.get("the", 300)}], "found another id|make"),
    ("added_tokens", [ADDED[0] | {"lstrip": True}], "lstrip of the added token '<|endoftext"),
    ("added_tokens", [{"content": "<x>", "id": 310}], "found another id for '<x>'"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "message"), UNSUPPORTED)
def test_what_would_change_ids_is_refused_by_name(tmp_path, path, value, message):
    written(tmp_path, changed(path, value))
    with pytest.raises(FormatError, match=message) as refused:
        tokenizers.load(tmp_path)
    assert str(tmp_path / "tokenizer.json") in str(refused.value)


def test_an_added_token_that_merges_make_too():
    token = "".join(MERGES[0])
    content = changed("added_tokens", [{"content": token, "id": VOCAB[token]}])
    with pytest.raises(FormatError, match="adds the token 'th', which its merges make too"):
        parse_tokenizer_json(content, "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"model": {}, "model": {}}', "'model' comes twice"),
        (b'{"model":' * 100_000, "nested too deeply"),
        (b"\xff", "must be UTF-8"),
        (b'{"model": 1e999}', "its model must be a JSON object; got inf"),
    ],
)
def test_json_that_is_hostile(tmp_path, content, message):
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(FormatError, match=rf"tokenizer\.json.*{message}"):
        tokenizers.load(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
PATHS = [
    *("normalizer", "pre_tokenizer", "pre_tokenizer.type", "added_tokens", "model"),
    *(f"model.{name}" for name in GOLDEN["tokenizer"]["model"]),
]


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(PATHS), JSON)
def test_any_entry_is_read_or_refused_by_name(path, value):
    content = changed(path, value)
    try:
        tokenizer = parse_tokenizer_json(content, "some.json")
    except FormatError:
        with pytest.raises(FormatError, match=r"some\.json"):
            parse_tokenizer_json(content, "some.json")
        return
    assert tokenizer.encode(GOLDEN["texts"][0]["text"]) == GOLDEN["texts"][0]["ids"]

"""Corpora by name, from files and pasted texts; their split and their tokenizers."""

import hashlib
import re

import pytest

import microgpt as mg
from microgpt.data import (
    Corpus,
    encode_text,
    load_corpus,
    split_documents,
)
from microgpt.data.remote_corpora import REMOTE_CORPORA
from microgpt.errors import FormatError, SettingError


def test_a_corpus_names_its_tokenizer():
    corpus = mg.load_corpus("names-mini")
    assert corpus.tokenizer().to_dict() == corpus.tokenizer("char").to_dict()
    tokenizer = corpus.tokenizer("bpe:300")
    assert tokenizer.vocab_size == 300
    assert tokenizer.bos_token_id == 299
    tokens = tokenizer.encode(corpus[0], bos=True, eos=True)
    assert tokens[0] == tokens[-1] == 299
    assert tokenizer.decode(tokens) == corpus[0]


@pytest.mark.parametrize("spec", ["gpt3", "bpe", "bpe:", "bpe:x", "bpe:-5", "bpe:1e3", "bpe:١", 3])
def test_specs_of_tokenizers_that_do_not_exist(spec):
    with pytest.raises(SettingError, match="tokenizer must be 'char', 'gpt2', or 'bpe:'"):
        mg.load_corpus("story").tokenizer(spec)


def test_names_mini():
    corpus = mg.load_corpus("names-mini")
    names = corpus.documents
    assert len(names) >= 4000
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+", name) for name in names)
    assert corpus.tokenizer().vocab_size == 27
    train, held_out = corpus.split()
    assert len(held_out) == round(0.2 * len(names))
    assert not set(train) & set(held_out)
    assert set(train) | set(held_out) == set(names)


def test_the_split_of_names_mini_stays_as_it_is():
    _, held_out = mg.load_corpus("names-mini").split()

    digest = hashlib.sha256("\n".join(sorted(held_out)).encode()).hexdigest()
    assert digest.startswith(HELD_OUT)


HELD_OUT = "8ffe4f7b6d06aa6f"


def test_the_split_depends_on_no_order_and_keeps_copies_together():
    corpus = Corpus("c", ("b", "a", "c", "a", "d", "e", "b"))
    train, held_out = corpus.split(0.4)
    assert sorted([*train, *held_out]) == sorted(corpus)
    assert not set(train) & set(held_out)
    again, out_again = Corpus("c", tuple(reversed(corpus.documents))).split(0.4)
    assert set(again) == set(train)
    assert set(out_again) == set(held_out)
    assert len(set(held_out)) == 2


def test_repeats_are_weights():
    others = tuple(f"name{i}" for i in range(100))
    corpus = Corpus("c", ("anna",) * 900 + others)
    assert corpus.num_repeats == 899
    assert repr(corpus) == "Corpus('c': 1,000 lines, 899 of them repeats, such as 'anna')"
    train, held_out = corpus.split()
    assert train.documents.count("anna") == 900  # holding it out would leave 100 lines to train on
    assert len(held_out) == round(0.2 * 101)
    assert set(train) | set(held_out) == set(corpus)
    assert corpus.distinct().documents == ("anna", *others)
    assert corpus.distinct().num_repeats == 0


def test_the_split_without_repeats_is_that_of_the_distinct_lines():
    corpus = load_corpus(text="anna\n" * 30 + "\n".join("bcdefghij"))
    train, held_out = corpus.split_distinct(0.3)
    assert (train, held_out) == corpus.distinct().split(0.3)
    assert train.num_repeats == held_out.num_repeats == 0
    assert len(train) + len(held_out) == 10


def test_a_split_of_copies_holds_something_out():
    train, held_out = Corpus("c", ("a",) * 50 + ("b",) * 60).split()
    assert set(held_out) == {"a"}
    assert set(train) == {"b"}


def test_two_lines_can_be_split_one_cannot():
    train, held_out = Corpus("c", ("a", "b")).split(0.9)
    assert len(train) == len(held_out) == 1
    with pytest.raises(FormatError, match="1 distinct line"):
        Corpus("c", ("a", "a")).split()
    with pytest.raises(SettingError, match="above 0 and below 1"):
        Corpus("c", ("a", "b")).split(1.0)


def test_a_text_is_split_at_its_end():
    train, held_out = Corpus("t", ("abcdefghij",), "text").split(0.2)
    assert (train.documents, held_out.documents) == (("abcdefgh",), ("ij",))
    with pytest.raises(FormatError, match="too short"):
        Corpus("t", ("a",), "text").split()


@pytest.mark.parametrize(("name", "lines"), [("names", 32033), ("tinyshakespeare", 1)])
def test_public_corpora(data, monkeypatch, name, lines):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    corpus = mg.load_corpus(name)
    assert len(corpus) == lines
    assert corpus.format == REMOTE_CORPORA[name].format


def test_the_verdict(data, monkeypatch):
    monkeypatch.setenv("MICROGPT_DATA", str(data))
    assert mg.load_corpus("the-verdict")[0].startswith("I HAD always thought Jack Gisburn")


def test_pasted_text_and_files(tmp_path):
    pasted = mg.load_corpus(text="\ufeffJosé\r\n\r\n  Łukasz \n王芳\n")
    assert pasted.documents == ("José", "Łukasz", "王芳")
    file = tmp_path / "mine.txt"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert mg.load_corpus(file).documents == ("one", "two")
    assert mg.load_corpus(str(file), format="text").documents == ("one\ntwo\n",)
    assert "2 lines, such as 'one'" in repr(mg.load_corpus(file))
    assert list(mg.load_corpus(file)) == ["one", "two"]


def test_refusals(tmp_path):
    for text in ("", "\n \n"):
        with pytest.raises(FormatError, match="empty"):
            mg.load_corpus(text=text)
        with pytest.raises(FormatError, match="empty"):
            mg.load_corpus(text=text, format="text")
    (tmp_path / "empty.txt").touch()
    with pytest.raises(FormatError, match=r"'empty\.txt' is empty"):
        mg.load_corpus(tmp_path / "empty.txt")
    (tmp_path / "latin.txt").write_bytes(b"Jos\xe9\n")
    with pytest.raises(FormatError, match="not UTF-8 text: byte 3"):
        mg.load_corpus(tmp_path / "latin.txt")
    with pytest.raises(
        SettingError, match=r"a text file, or one of 'names-mini'.*; got 'nmaes'; did you mean"
    ):
        mg.load_corpus("nmaes")
    with pytest.raises(SettingError, match="name and text must be given one without the other"):
        mg.load_corpus()
    with pytest.raises(SettingError, match="format must be one of 'lines', 'text'"):
        mg.load_corpus("names-mini", format="words")


def test_the_corpus_advised_without_a_network_has_the_same_format():
    for source in REMOTE_CORPORA.values():
        suggested = source.offline_remedies[0].split("'")[1]
        assert load_corpus(suggested).format == source.format


SPECIAL = "one\ntwo<|endoftext|>three<|endoftext|>"


def test_end_of_text_in_a_file_is_noted_and_can_separate_documents(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text(SPECIAL)
    with pytest.warns(UserWarning, match="2 times, which is read as 13 characters; special=True"):
        assert load_corpus(path, format="text").tokenizer().bos_token_id is None
    assert load_corpus(path, special=True).documents == ("one\ntwo", "three")
    text = load_corpus(path, format="text", special=True)
    assert text.pieces == ("one\ntwo", "three")
    for spec in ("char", "bpe:260"):
        tokenizer = text.tokenizer(spec)
        bos = tokenizer.bos_token_id
        assert encode_text(text, tokenizer).tolist() == [
            *tokenizer.encode("one\ntwo"), bos, *tokenizer.encode("three"), bos
        ]  # fmt: skip
    assert "<" not in text.tokenizer().characters
    assert split_documents(text) == ["one\ntwo", "three"]
    with pytest.raises(SettingError, match="one with a token for <"):
        encode_text(text, mg.tokenizers.CharTokenizer(SPECIAL, bos=False))


def test_no_split_cuts_a_separator_in_two():
    text = "ab<|endoftext|>cd"
    corpus = load_corpus(text=text, format="text", special=True)
    for characters in range(1, len(text)):
        train, held_out = corpus.split(characters / len(text) + 1e-9)
        assert train[0] + held_out[0] == text
        cut = len(train[0])
        assert cut <= 2 or cut >= len("ab<|endoftext|>")


def test_merges_are_learned_within_documents():
    text = "ab<|endoftext|>" * 50
    tokenizer = load_corpus(text=text, format="text", special=True).tokenizer("bpe:258")
    assert tokenizer.merges == ((97, 98),)


def test_documents_are_texts_that_a_file_can_keep():
    with pytest.raises(FormatError, match="half of a UTF-16 pair"):
        Corpus("c", ("ok", "\ud800"))
    with pytest.raises(FormatError, match="half of a UTF-16 pair"):
        load_corpus(text="\ud800")
    with pytest.raises(SettingError, match="documents must be strings"):
        Corpus("c", (1, 2))


def test_labels_of_generated_texts():
    corpus = Corpus("c", tuple("abcdefghij"))
    train, held_out = corpus.split()
    check = corpus.memorization_check()
    assert {check(text) for text in train} == {"trained on"}
    assert {check(text) for text in held_out} == {"in the list, not trained on"}
    assert check("z") == "new"
    assert {corpus.memorization_check(0)(text) for text in corpus} == {"trained on"}

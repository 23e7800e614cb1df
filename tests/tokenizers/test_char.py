"""`CharTokenizer`: characters to ids and back, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microgpt import tokenizers
from microgpt.errors import FormatError, TokenError
from microgpt.tokenizers import CharTokenizer


@given(st.lists(st.text(), min_size=1))
def test_any_text_comes_back(documents):
    if not any(documents):
        return
    tokenizer = CharTokenizer.from_documents(documents)
    for text in documents:
        tokens = tokenizer.encode(text, bos=True, eos=True)
        assert tokens[0] == tokens[-1] == tokenizer.bos_token_id
        assert tokenizer.decode(tokens) == text
        assert all(0 <= token < tokenizer.vocab_size for token in tokens)


@pytest.mark.parametrize("text", ["José", "Łukasz", "王芳", "Мария", "عائشة", "👩‍🚀", "a\tb\n"])
def test_scripts(text):
    tokenizer = CharTokenizer(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizers.from_dict(tokenizer.to_dict()).characters == tokenizer.characters


def test_ids_are_sorted_and_bos_is_last():
    tokenizer = CharTokenizer("cab")
    assert tokenizer.encode("abc") == [0, 1, 2]
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.vocab_size) == (3, 3, 4)
    assert tokenizer.token_text(3) == "⟨BOS⟩"
    assert tokenizer.default_prompt == ""


def test_without_bos():
    tokenizer = CharTokenizer("ab\n", bos=False)
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.vocab_size) == (None, None, 3)
    assert tokenizer.encode("ab", bos=True, eos=True) == [1, 2]
    assert tokenizer.default_prompt == "\n"
    assert CharTokenizer("ab", bos=False).default_prompt == "a"
    assert tokenizers.from_dict(tokenizer.to_dict()).bos_token_id is None


def test_an_unknown_character_is_named_with_its_place():
    with pytest.raises(TokenError, match=r"no 'X' \(character 3 of 'abXa'\); it has 'ab'"):
        CharTokenizer("ab").encode("abXa")


def test_refusals():
    with pytest.raises(TokenError, match="corpus is empty"):
        CharTokenizer.from_documents([""])
    with pytest.raises(TokenError, match="from 0 to 2; got 3"):
        CharTokenizer("ab").decode([3])
    with pytest.raises(TokenError, match="got -1"):
        CharTokenizer("ab").token_text(-1)
    with pytest.raises(FormatError, match="'word' is not known; known: 'bpe', 'char'"):
        tokenizers.from_dict({"type": "word"})
    with pytest.raises(FormatError, match="is described by"):
        tokenizers.from_dict({"type": "bpe"})
    with pytest.raises(FormatError, match="described by its characters; got None"):
        tokenizers.from_dict({"type": "char"})
    with pytest.raises(FormatError, match="half of a pair"):
        tokenizers.from_dict({"type": "char", "characters": "\ud800", "bos": True})
    with pytest.raises(FormatError, match="half of a pair"):  # or `load` could not read `save`
        CharTokenizer("a\udfff")
    with pytest.raises(FormatError, match="single characters"):
        CharTokenizer(["ab"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"characters": "ba"}, "must be sorted, each once, .* got 'ba'"),
        ({"characters": "aab"}, "must be sorted, each once"),
        ({"bos": "no"}, "bos .true or false.; got"),
        ({"bos": 1}, "bos .true or false.; got"),
        ({"more": 1}, "by type, characters and bos"),
    ],
)
def test_a_description_is_not_put_right(changes, message):
    description = {"type": "char", "characters": "ab", "bos": True}
    assert tokenizers.from_dict(description).encode("ab") == [0, 1]
    with pytest.raises(FormatError, match=message):
        tokenizers.from_dict(description | changes)
    with pytest.raises(FormatError, match=r"bos \(true or false\)"):
        tokenizers.from_dict({"type": "char", "characters": "ab"})


@pytest.mark.parametrize(
    ("known", "text", "form"),
    [("caf\u00e9", "cafe\u0301", "NFC"), ("cafe\u0301", "caf\u00e9", "NFD")],
)
def test_another_form_of_an_unknown_letter_is_named(known, text, form):
    tokenizer = CharTokenizer(known)
    with pytest.raises(TokenError, match=f"in another form is known: .*normalize.'{form}'"):
        tokenizer.encode(text)
    for unknown in ("z", "c\u00e2f", "\u00e2"):  # no form of these is known
        with pytest.raises(TokenError, match=r"it has 'ac.*'$"):
            tokenizer.encode(unknown)

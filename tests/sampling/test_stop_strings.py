"""Stop strings: where a text ends, in one piece, in a stream and in a batch."""

import dataclasses

import pytest
from generation_cases import CONFIG
from hypothesis import given, settings
from hypothesis import strategies as st

import microgpt as mg
from microgpt import sampling
from microgpt.errors import SettingError
from microgpt.sampling.stop_strings import StoppingDecoder, check_stop_strings, decode_until


class Pieces:
    """Tokens are indices into a list of texts."""

    def __init__(self, texts):
        self.texts = list(texts)

    def decode(self, tokens):
        return "".join(self.texts[token] for token in tokens)


def cut_slowly(text, strings):
    """The text letter by letter, until it ends with a stop string."""
    for end in range(len(text) + 1):
        ended = [string for string in strings if text[:end].endswith(string)]
        if ended:
            return text[: end - max(map(len, ended))]
    return text


def drawing(count, drawn):
    for token in range(count):
        drawn.append(token)
        yield token


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.text("ab<", max_size=4), max_size=8),
    st.lists(st.text("ab<", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_borders_of_tokens_do_not_matter(pieces, strings):
    tokenizer, drawn = Pieces(pieces), []
    got = list(decode_until(tokenizer, drawing(len(pieces), drawn), tuple(strings)))
    expected = cut_slowly("".join(pieces), strings)
    assert "".join(got) == expected
    assert all(got)
    read = "".join(pieces[: len(drawn) - 1])
    assert cut_slowly(read, strings) == read, "no token is drawn after a stop string"


def test_only_what_may_begin_a_stop_string_is_held_back():
    texts = ["one", " <", "b> two <", "e", "nd", "> three"]
    decoder = StoppingDecoder(Pieces(texts), ("<end>", "\n\n"))
    assert [decoder.feed(token) for token in range(5)] == ["one", " ", "<b> two ", "", ""]
    assert not decoder.found
    assert decoder.feed(5) == ""
    assert decoder.found
    assert decoder.flush() == ""
    decoder = StoppingDecoder(Pieces(texts), ("<end>",))
    assert decoder.feed(1) == " "
    assert (decoder.flush(), decoder.flush(), decoder.found) == ("<", "", False)


@pytest.mark.parametrize("stop", ["", [""], ["a", ""], 3, [3], {"a": ""}.items(), [None]])
def test_what_is_no_stop_string(stop):
    with pytest.raises(SettingError, match="stop must be a text of one character or more, or se"):
        check_stop_strings(stop)


def test_stop_strings_come_alone_or_several():
    assert check_stop_strings(None) == check_stop_strings([]) == ()
    assert check_stop_strings("ab") == ("ab",)
    assert check_stop_strings(["ab", "c"]) == ("ab", "c")


TOKENIZER = mg.tokenizers.train_bpe("the cat sat on the mat, the cat sat still\n" * 3, 270)


@pytest.fixture
def model(backend):
    return mg.GPT(dataclasses.replace(CONFIG, vocab_size=270, init_std=0.5), seed=4)


OPTIONS = {"max_new_tokens": 30, "temperature": 1.3, "ignore_eos": True}


def test_texts_end_before_the_first_stop_string(model):
    for seed in range(6):
        (text,) = mg.generate_text(model, TOKENIZER, 1, "the", seed=seed, **OPTIONS)
        new = text[3:]
        for start, length in ((4, 1), (5, 3), (1, 2), (9, 5)):
            stop = new[start : start + length]
            expected = "the" + new[: new.index(stop)]
            for strings in (stop, [stop], [stop, "not in it"]):
                options = {"seed": seed, "stop": strings, **OPTIONS}
                assert list(mg.generate_text(model, TOKENIZER, 1, "the", **options)) == [expected]
                pieces = list(mg.sampling.stream_text(model, TOKENIZER, "the", **options))
                assert "".join(pieces) == expected
    (text,) = mg.generate_text(model, TOKENIZER, 1, "the", stop="the", seed=5, **OPTIONS)
    assert text.startswith("the"), "a stop string in the prompt ends nothing"


def test_texts_of_several_prompts_end_alone(model):
    prompts = ["the", "cat sat", "on"]
    whole = list(mg.generate_text(model, TOKENIZER, 1, prompts, seed=2, **OPTIONS))
    stop = [text[len(prompt) :][6:8] for prompt, text in zip(prompts, whole, strict=True)]
    texts = list(mg.generate_text(model, TOKENIZER, 1, prompts, seed=2, stop=stop, **OPTIONS))
    for prompt, text, full in zip(prompts, texts, whole, strict=True):
        assert text == prompt + cut_slowly(full[len(prompt) :], stop)
    assert texts != whole


def test_no_token_is_drawn_after_a_stop_string(model):
    drawn = []

    def sampler(logits, **_):
        drawn.append(len(drawn) % 2)
        return TOKENIZER.encode("at")[0] if len(drawn) == 4 else 97

    with sampling.override_sampler(sampler):
        (text,) = mg.generate_text(model, TOKENIZER, 1, "the", stop="at", **OPTIONS)
        assert (text, len(drawn)) == ("theaaa", 4)
        drawn.clear()
        stream = mg.sampling.stream_text(model, TOKENIZER, "the", stop="at", **OPTIONS)
        assert ("".join(stream), len(drawn)) == ("theaaa", 4)


def test_a_row_that_should_stop(model):
    prompts = [[1, 2], [3], [4, 5, 6]]
    options = {"max_new_tokens": 12, "seed": 1}
    whole, seen = mg.sampling.generate_batch(model, prompts, **options), [[], [], []]

    def should_stop(row, token):
        seen[row].append(token)
        return row == 1 and len(seen[1]) == 4

    rows = mg.sampling.generate_batch(model, prompts, should_stop=should_stop, **options)
    assert rows == seen == [whole[0], whole[1][:4], whole[2]]
    seen[:] = [], [], []
    end = whole[2][5]
    rows = mg.sampling.generate_batch(model, prompts, should_stop=should_stop, stop=end, **options)
    assert rows == seen, "it is not asked about a token that ends its row"
    assert len(rows[2]) <= 5


def test_token_ids_know_no_strings(model):
    with pytest.raises(
        SettingError, match=r"stop must be a token id .*; got '\\n'; give strings t"
    ):
        mg.generate(model, [1], stop="\n")
    with pytest.raises(
        SettingError, match="stop must be a token id from 0 to 269, or several; got"
    ):
        mg.generate(model, [1], stop=[300])

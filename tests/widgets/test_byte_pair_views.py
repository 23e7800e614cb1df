"""Views of byte-pair models: text is decoded from all its tokens, and lengths are tokens."""

import pytest

import microgpt as mg
from microgpt.data import Corpus
from microgpt.widgets.logits_source import ModelLogits
from microgpt.widgets.sampling_trace import SamplingTrace

NAMES = ("你好", "小王", "小李", "大山", "大王", "王山", "好山", "abdullah", "abdul", "maximilian")


@pytest.fixture(scope="module")
def trained():
    corpus = Corpus("c", NAMES)
    tokenizer = corpus.tokenizer("bpe:280")
    config = mg.GPTConfig.microgpt(vocab_size=280, block_size=16)
    settings = mg.TrainConfig(steps=30, val_fraction=0.3, num_samples=2)
    with mg.using("numpy"):
        trainer = mg.Trainer(mg.GPT(config), corpus, settings, tokenizer)
        trainer.run()
    return trainer


def accepted(source, text):
    """A trace of `text` and its end, each token with a u that picks it."""
    trace = SamplingTrace(source)
    for token in source.tokenizer.encode(text, eos=True):
        rank = int((trace.sampled.ranked_ids == token).argmax())
        cumulative = trace.sampled.cumulative
        trace = trace.with_fixed_u(float(cumulative[rank - 1] if rank else 0)).accept()
    return trace


def test_a_character_of_several_tokens_is_shown_as_one(trained):
    source = ModelLogits("m", trained.model, trained.tokenizer, trained.memorization_check)
    assert source.unit == "token"
    for name in NAMES:
        assert source.pieces(source.encode_text(name)) != ()
        trace = accepted(source, name)
        assert trace.text == name
        assert "".join(trace.view().text) == name
        assert trace.view().memorization == trained.memorization_check(name)
    assert any(len(source.encode_text(name)) > len(name) for name in NAMES)


def test_every_view_opens_and_shows_no_bytes_for_a_text(trained):
    explorer = mg.widgets.SamplingExplorer(trained, prompt="你好")
    assert "Which token comes after" in explorer.picture.value
    assert "你好" in explorer.picture.value
    likelihood = mg.widgets.TextLikelihood(trained, text="小王")
    assert "小王" in likelihood.caption
    assert len(likelihood.state.scores().tokens) == len(trained.tokenizer.encode("小王", eos=True))
    assert "each token" in likelihood.picture.value
    journey = mg.widgets.forward_pass(trained, "你好")
    assert "“你好” becomes" in journey.caption
    assert "Each token becomes a whole number" in journey.picture.value
    table = mg.widgets.sample_table(trained, temperatures=(0,), count=2)
    assert table[0][0] in repr(table)


def test_the_guessing_game_asks_for_tokens(trained):
    game = mg.widgets.GuessNext(trained)
    state = game.state
    for name, prefix, target in zip(state.names, state.prefixes, state.targets, strict=True):
        tokens = trained.tokenizer.encode(name, bos=True, eos=True)
        assert tokens[: len(prefix)] == list(prefix)
        assert tokens[len(prefix)] == target
        assert name.startswith(trained.tokenizer.decode(prefix))
        assert name in trained.validation_data.documents
    assert game.keys == []  # 280 of them
    assert game.token_select.label == "choose a token"  # nothing is chosen beforehand
    assert "Choose a token, then press Guess." in game.caption
    game.guess_button.click()
    assert game.state.guesses == ()
    game.token_select.value = state.targets[0]
    assert game.state.guesses == ()
    game.guess_button.click()
    assert game.state.guesses == state.targets[:1]
    assert "a point for you" in game.caption
    game.next_button.click()
    assert game.token_select.label == "choose a token"
    corpus = Corpus("c", NAMES)
    copy = mg.GPT(trained.model.config, backend="numpy")  # nobody knows how it reads
    assert mg.widgets.GuessNext(copy, corpus, tokenizer=trained.tokenizer).state.names
    with pytest.raises(mg.SettingError, match=r"tokenizer must be one of 280 tokens"):
        mg.widgets.GuessNext(copy, corpus)


def test_limits_are_in_tokens(trained):
    source = ModelLogits("m", trained.model, trained.tokenizer)
    with pytest.raises(mg.TokenError, match="at most 15 tokens; this text has 20"):
        source.encode_prompt("😀" * 5)
    assert len(source.encode_prompt("abdullah" * 2)) <= 16
    panel = mg.widgets.TextLikelihood(trained, text="😀" * 5)
    assert "at most 15 tokens; this text has 20" in panel.caption


def test_a_vocabulary_too_large_to_choose_from(trained):
    model = mg.GPT(mg.GPTConfig.microgpt(vocab_size=2300), backend="numpy")
    tokenizer = mg.tokenizers.BPETokenizer(
        [(97, byte) for byte in range(256)] + [(98, byte) for byte in range(256)]
        + [(99, byte) for byte in range(256)] + [(100, byte) for byte in range(256)]
        + [(101, byte) for byte in range(256)] + [(102, byte) for byte in range(256)]
        + [(103, byte) for byte in range(256)] + [(104, byte) for byte in range(251)]
    )  # fmt: skip
    assert tokenizer.vocab_size == 2300
    with pytest.raises(mg.SettingError, match="at most 2,000 tokens"):
        mg.widgets.GuessNext(model, Corpus("c", NAMES), tokenizer=tokenizer)

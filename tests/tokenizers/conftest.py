"""GPT-2's tokenizer, ours and tiktoken's, and one trained on the story."""

import shutil

import pytest

import microgpt as mg
from microgpt import tokenizers
from microgpt.tokenizers import train_bpe


@pytest.fixture(scope="session")
def gpt2(data):
    """GPT-2's tokenizer, ours."""
    return tokenizers.gpt2(data)


@pytest.fixture(scope="session")
def published(data, tmp_path_factory):
    """GPT-2's tokenizer as tiktoken makes it; from a copy, for it may delete what it reads."""
    import tiktoken

    folder = tmp_path_factory.mktemp("cache")
    shutil.copytree(data / "tiktoken-cache", folder, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        return tiktoken.get_encoding("gpt2")


@pytest.fixture(scope="session")
def story():
    return mg.load_corpus("story")[0]


@pytest.fixture(scope="session")
def trained(story):
    """Four hundred tokens learned from the story."""
    return train_bpe(story, 400)

"""Public corpora to download: URL, SHA-256 and format of each."""

from dataclasses import dataclass

from microgpt._io.downloads import RemoteFile, find_local


@dataclass(frozen=True)
class RemoteCorpus(RemoteFile):
    """A public text file, and the format of the corpus in it."""

    offline_remedies: tuple[str, ...] = ("use the corpus 'names-mini'",)
    format: str = "lines"


_STORY_REMEDIES = ("use the corpus 'story'",)  # also one long text


REMOTE_CORPORA = {
    "names": RemoteCorpus(
        "names.txt",
        "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
        "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
    ),
    "tinyshakespeare": RemoteCorpus(
        "tinyshakespeare.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        offline_remedies=_STORY_REMEDIES,
        format="text",
    ),
    "the-verdict": RemoteCorpus(
        "the-verdict.txt",
        "https://raw.githubusercontent.com/rasbt/LLMs-from-scratch/main/ch02/01_main-chapter-code/the-verdict.txt",
        "b41e41a68f0398a3154ae69e2e4c0e2694e17fe0d66730536837f1b01935b31f",
        offline_remedies=_STORY_REMEDIES,
        format="text",
    ),
}


def is_here(name: str) -> bool:
    """Whether the corpus of that name can be loaded without the network."""
    return find_local(REMOTE_CORPORA[name]) is not None

"""Public corpora that are not inside the package: where they are, and what they must contain."""

from dataclasses import dataclass

from microgpt._io.downloads import Source


@dataclass(frozen=True)
class PublicCorpus(Source):
    """A public text file, and the kind of corpus it is."""

    instead: str = "use the corpus 'names-mini'"
    kind: str = "lines"


_STORY = "use the corpus 'story'"  # it too is one long text


SOURCES = {
    "names": PublicCorpus(
        "names.txt",
        "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
        "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
    ),
    "tinyshakespeare": PublicCorpus(
        "tinyshakespeare.txt",
        "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        instead=_STORY,
        kind="text",
    ),
    "the-verdict": PublicCorpus(
        "the-verdict.txt",
        "https://raw.githubusercontent.com/rasbt/LLMs-from-scratch/main/ch02/01_main-chapter-code/the-verdict.txt",
        "b41e41a68f0398a3154ae69e2e4c0e2694e17fe0d66730536837f1b01935b31f",
        instead=_STORY,
        kind="text",
    ),
}

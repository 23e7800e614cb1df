"""Models that somebody has trained already: two small ones travel inside the package."""

from importlib import resources

from microgpt.errors import SettingError
from microgpt.saving import Checkpoint, load

BUNDLED = ("names", "story")

__all__ = ["BUNDLED", "load_pretrained"]


def load_pretrained(name: str, backend: str | None = None) -> Checkpoint:
    """A trained model with its tokenizer and notes: "names" or "story", both inside the package.

    "names" is the microgpt shape trained on the corpus `names-mini`, of which the held-out fifth
    was never seen; "story" is three layers, 64 wide, trained on the corpus `story`. The notes
    (`training`) say how; a file of your own is opened by `load`.
    """
    if name not in BUNDLED:
        known = ", ".join(repr(model) for model in BUNDLED)
        raise SettingError(
            f"there is no trained model {name!r}; known: {known}. A file of your own: mg.load(path)"
        )
    asset = resources.files("microgpt.pretrained") / "assets" / f"{name}.safetensors"
    with resources.as_file(asset) as path:
        return load(path, backend)

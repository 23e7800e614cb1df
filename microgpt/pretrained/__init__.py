"""Models that somebody has trained already: ours, inside the package, and other programs' GPT-2."""

from microgpt.pretrained.door import BUNDLED, load_pretrained
from microgpt.pretrained.exporting import save_pretrained

__all__ = ["BUNDLED", "load_pretrained", "save_pretrained"]

"""Models that somebody has trained already: ours, inside the package, and other programs' GPT-2."""

from microgpt.pretrained.export import save_pretrained
from microgpt.pretrained.loading import BUNDLED, load_pretrained

__all__ = ["BUNDLED", "load_pretrained", "save_pretrained"]

"""Load pretrained models (bundled, or GPT-2 in other programs' files), and export a GPT-2."""

from microgpt.pretrained.export import save_pretrained
from microgpt.pretrained.loading import BUNDLED, load_pretrained

__all__ = ["BUNDLED", "load_pretrained", "save_pretrained"]

"""Record a step's launches, replay them.

A training step is a list of kernel launches over fixed arrays. Replaying that list is what makes
Python fast here.
"""

from microgpt.recording.captured import MAX_RECORDINGS, capture

__all__ = ["MAX_RECORDINGS", "capture"]

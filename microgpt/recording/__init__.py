"""`capture`: record a function's kernel launches, then replay them without its Python.

In the order of a first call: `captured` (the function that records and replays), `arguments` (the
key of a recording), `recorder` (the tracer that writes a recording), `equality` (whether two
recordings are equal), `memory_plan` (which arrays share memory), `replay` (the launches again).
Which compiled kernel a launch runs is decided in `backends/dispatch.py`.
"""

from microgpt.recording.captured import MAX_RECORDINGS, capture

__all__ = ["MAX_RECORDINGS", "capture"]

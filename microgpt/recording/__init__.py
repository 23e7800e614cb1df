"""`capture`: record a function's kernel launches, then replay them without its Python.

In the order of a first call: `captured` (the callable that records, then replays), `arguments`
(the key of a recording), `recorder` (the tracer that records a call), `equality` (compares two
recordings), `dead_fills` (gradients that are overwritten, not filled and added to), `memory_plan`
(which temporary arrays share memory), `replay` (runs the launches).
`backends/dispatch.py` selects the compiled kernel of a launch.
"""

from microgpt.recording.captured import MAX_RECORDINGS, capture

__all__ = ["MAX_RECORDINGS", "capture"]

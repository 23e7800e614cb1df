"""The thread theatre: a kernel's code, its threads and arrays at one access, and the interpreter.

All of it takes a `Scene`, plain data that `TheatreState` in `microgpt.widgets` makes.
"""

from microgpt.viz.thread_theatre.caption import question, step_text, theatre_caption
from microgpt.viz.thread_theatre.data import (
    CHANGES,
    ENDED,
    READS,
    READY,
    WAITS,
    WRITES,
    ArrayPicture,
    Cell,
    ClashNote,
    CodeLine,
    OrderResult,
    Scene,
    StepNote,
    ThreadBlock,
    Traffic,
    Verdict,
)
from microgpt.viz.thread_theatre.page import (
    AccessRow,
    accesses_table,
    render_limits,
    render_theatre,
)
from microgpt.viz.thread_theatre.still import draw_theatre
from microgpt.viz.thread_theatre.wording import range_text

__all__ = [
    "CHANGES", "ENDED", "READS", "READY", "WAITS", "WRITES", "AccessRow", "ArrayPicture", "Cell",
    "ClashNote", "CodeLine", "OrderResult", "Scene", "StepNote", "ThreadBlock", "Traffic",
    "Verdict", "accesses_table", "draw_theatre", "question", "range_text", "render_limits",
    "render_theatre", "step_text", "theatre_caption",
]  # fmt: skip

"""Look inside a model while it runs: `trace` names, reads and edits every intermediate."""

from microgpt.interpretability.model_trace import Trace, trace

__all__ = ["Trace", "trace"]

"""Look inside a model while it runs: `trace` names, reads and edits every intermediate."""

from microgpt.interpretability.edit import Edit
from microgpt.interpretability.logit_attribution import LogitAttribution
from microgpt.interpretability.model_trace import Trace, trace
from microgpt.interpretability.path_effects import PathEffects

__all__ = ["Edit", "LogitAttribution", "PathEffects", "Trace", "trace"]

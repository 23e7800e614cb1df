"""Nine words that might follow "Every effort moves you": logits that one can check by hand."""

from microgpt.widgets.logits_source import FixedLogits
from microgpt.widgets.sampling_trace import SamplingTrace

WORDS = ("closer", "every", "effort", "forward", "inches", "moves", "pizza", "toward", "you")
LOGITS = [4.51, 0.89, -1.90, 6.75, 1.63, -1.62, -1.89, 6.28, 1.79]


def nine_words(**params):
    """A trace on the nine words with u at 0.6."""
    trace = SamplingTrace(FixedLogits("nine words", LOGITS, WORDS))
    return trace.with_fixed_u(0.6).with_params(**params)

"""The sentences: what was done, what the row and the guess did, and what a weight does not say."""

from microgpt.errors import join_words
from microgpt.viz.editable_attention.data import (
    CUT,
    MASK,
    OFF,
    AttentionEdit,
    AttentionPicture,
)
from microgpt.viz.editable_attention.labels import head_name, row_sum, token_name
from microgpt.viz.formatting import format_prob, quoted

"""`NetworkPass`: what a network computes for one context, and the texts and marks of its picture.

Every size on screen is the length of an array here.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from microgpt.plain_text import pluralize
from microgpt.viz.axis import percent_axis
from microgpt.viz.formatting import format_prob, quoted, visible
from microgpt.viz.forward_pass.marks import Square, hinton_squares

HIDDEN_COLUMNS, LOGIT_COLUMNS, STRIP_COLUMNS = 8, 9, 10
MAX_LETTERS = 60  # logits with a letter above each
MIN_PROBS, MAX_PROBS = 5, 18  # tokens listed, between these all above an equal share
ROUNDING = 1e-6  # relative: equal probabilities may differ by so much


@dataclass(frozen=True, eq=False)
class NetworkPass:
    """One context on its way through a network.

    tokens: the labels of the T tokens of the context; embeddings (T, C); hidden (H,), after tanh;
    logits and probs (V,); labels: those of all V tokens; num_parameters of the network; `unit` is
    what a token is called.
    """

    text: str
    tokens: tuple[str, ...]
    embeddings: np.ndarray
    hidden: np.ndarray
    logits: np.ndarray
    probs: np.ndarray
    labels: tuple[str, ...]
    num_parameters: int
    unit: str = "letter"

    @property
    def num_inputs(self) -> int:
        """How many numbers the hidden layer reads: T · C."""
        return self.embeddings.size

    @property
    def largest_embedding(self) -> float:
        """The size of the number that fills its cell among the embeddings."""
        return float(np.abs(self.embeddings).max()) or 1.0

    @property
    def largest_logit(self) -> float:
        """The size of the number that fills its cell among the logits."""
        return float(np.abs(self.logits).max()) or 1.0

    @cached_property
    def strips(self) -> list[list[Square]]:
        """The numbers of each token as squares, all on one scale."""
        largest = self.largest_embedding
        return [hinton_squares(row, STRIP_COLUMNS, largest) for row in self.embeddings]

    @cached_property
    def hidden_squares(self) -> list[Square]:
        """The numbers of the hidden layer as squares; 1, the end of tanh, fills its cell."""
        return hinton_squares(self.hidden, HIDDEN_COLUMNS, 1.0)

    @property
    def logit_columns(self) -> int:
        """How many logits stand in a row.

        The last row has room behind its last token: that one is the end, a word of two cells.
        """
        return LOGIT_COLUMNS + (len(self.labels) % LOGIT_COLUMNS == 0)

    @cached_property
    def logit_rows(self) -> list[tuple[list[str], list[Square]]]:
        """Rows of labels with the squares of their logits, all on one scale."""
        largest, columns = self.largest_logit, self.logit_columns
        labels = [visible(label) for label in self.labels]
        has_labels = len(labels) <= MAX_LETTERS
        return [
            (
                labels[start : start + columns] if has_labels else [],
                hinton_squares(self.logits[start : start + columns], columns, largest),
            )
            for start in range(0, len(labels), columns)
        ]

    @property
    def axis_end(self) -> float:
        """The probability at the end of the axis of the bars."""
        return percent_axis(float(self.probs.max()))[0]

    @property
    def equal_share(self) -> float:
        """The probability of each token if all are equal."""
        return 1 / len(self.probs)

    @property
    def num_above(self) -> int:
        """How many tokens are more probable than if all were equal."""
        return int((self.probs > self.equal_share * (1 + ROUNDING)).sum())

    @cached_property
    def prob_rows(self) -> list[tuple[str, float, str]]:
        """The most probable tokens: label, share of the axis, probability.

        They are all those above an equal share, but at least MIN_PROBS and at most MAX_PROBS.
        """
        count = min(max(self.num_above, MIN_PROBS), MAX_PROBS)
        order = np.argsort(-self.probs, kind="stable")[:count].tolist()
        end = self.axis_end
        return [
            (visible(self.labels[i]), float(self.probs[i] / end), format_prob(self.probs[i]))
            for i in order
        ]


def question(shown: NetworkPass) -> str:
    """Return the question that the view answers."""
    letters = pluralize(len(shown.tokens), shown.unit)
    verb = "does" if len(shown.tokens) == 1 else "do"
    return f"How {verb} {letters} become {len(shown.labels):,} probabilities?"


def box_texts(shown: NetworkPass) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Return for each box its title, its size, and lines on what makes its numbers."""
    T, C = shown.embeddings.shape
    N, H, V = shown.num_inputs, len(shown.hidden), len(shown.labels)
    return (
        ("Embeddings", f"{T} × {C} = {N}", (f"{pluralize(T, 'row')} of the table",
                                            f"wte ({V}, {C})",
                                            f"full square: {shown.largest_embedding:.2f}")),
        ("Hidden layer", f"{H}", (f"each from all {N}:", f"c_fc ({H}, {N})",
                                  f"+ bias ({H},)", "then tanh", "full square: 1")),
        ("Logits", f"{V}", (f"each from all {H}:", f"lm_head ({V}, {H})", f"+ bias ({V},)",
                            f"full square: {shown.largest_logit:.2f}")),
        ("Probabilities", f"{V}", ("softmax of the logits;",
                                   f"the {len(shown.prob_rows)} largest",
                                   f"axis: 0 to {shown.axis_end:.0%}".replace("%", " %"),
                                   f"line: 1/{V} = {format_prob(shown.equal_share)},",
                                   f"{shown.num_above} lie above it")),
    )  # fmt: skip


def network_caption(shown: NetworkPass) -> str:
    """Return the sizes on the way, and which token leads."""
    T, C = shown.embeddings.shape
    leader = quoted(shown.labels[int(shown.probs.argmax())])
    return (
        f"{pluralize(T, shown.unit)} → {T} × {C} = {shown.num_inputs} numbers side by side → "
        f"{len(shown.hidden)} → {len(shown.labels)} logits → {len(shown.labels)} probabilities. "
        f"Here {leader} leads with {format_prob(float(shown.probs.max()))}. The network has "
        f"{shown.num_parameters:,} parameters."
    )

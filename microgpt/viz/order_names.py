"""The orders of a backward pass: their names, the right one first, and what each does."""

# Name -> what it does; the subject is a number of the graph.
ORDER_MEANINGS = {
    "right": "a number waits for all that was computed from it",
    "depth first": "the number that was found last goes first",
    "breadth first": "the number that was found first goes first",
    "recursion": "each arrival is passed on at once, with all that came before",
}
ORDER_NAMES = tuple(ORDER_MEANINGS)
RIGHT_ORDER = ORDER_NAMES[0]
OVERWRITE_MEANING = "what arrives second replaces what arrived first"

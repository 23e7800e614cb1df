"""The chain rule, and the two kinds of node it runs over: a number and an array."""

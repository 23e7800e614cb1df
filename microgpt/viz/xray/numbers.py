"""How the X-ray writes numbers, indices and sums: "−0.37", "dw[0, 2]", "1·2 + (−1)·3"."""

from collections.abc import Sequence

from microgpt.plain_text import with_minus

MAX_TERMS = 8  # of a sum that is written out in full


def format_element(number: float) -> str:
    """Format with at most two decimals, and a minus sign: "4", "0.5", "−0.37"."""
    return with_minus(f"{round(float(number), 2) + 0.0:g}")


def format_index(index: tuple[int, ...]) -> str:
    """Format an index as it is typed: "[0, 2]", "[1]", "" for an array without axes."""
    return f"[{', '.join(map(str, index))}]" if index else ""


def sum_of_products(factors: Sequence[tuple[float, float]]) -> str:
    """Write the products of pairs, to be added up; negative factors stand in brackets."""
    terms = [f"{_bracketed(left)}·{_bracketed(right)}" for left, right in factors]
    return _without_first_brackets(" + ".join(terms))


def sum_of_terms(terms: Sequence[float]) -> str:
    """Write a sum; of a long one the first four terms and the last."""
    texts = [_bracketed(term) for term in terms]
    if len(texts) > MAX_TERMS:
        texts = [*texts[:4], "…", texts[-1]]
    return _without_first_brackets(" + ".join(texts))


def _bracketed(number: float) -> str:
    text = format_element(number)
    return f"({text})" if text.startswith("−") else text


def _without_first_brackets(text: str) -> str:
    return text.replace("(", "", 1).replace(")", "", 1) if text.startswith("(") else text

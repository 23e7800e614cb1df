"""How the stethoscope writes numbers: at most four decimals, the same in boxes and sentences."""

from math import floor, log10

from microgpt.plain_text import with_minus


def format_number(number: float) -> str:
    """Format with four decimals, or with fewer if the rest are zeros: "0.9593", "−0.4", "15".

    Numbers from 10,000 on and below 0.001 are powers of ten, "1.2e5", with two digits.
    """
    size = abs(number)
    if size and not 0.001 <= size < 10_000:
        exponent = floor(log10(size))
        digits = f"{number / 10.0**exponent:.1f}".removesuffix(".0")
        if digits.lstrip("-") == "10":
            digits, exponent = digits[:-1], exponent + 1
        return with_minus(f"{digits}e{exponent}")
    is_short = abs(number * 100 - round(number * 100)) < 1e-5
    text = f"{number:.2f}".rstrip("0").rstrip(".") if is_short else f"{number:.4f}"
    return with_minus("0" if text == "-0" else text)


def format_short(number: float) -> str:
    """Format with two digits, for sums in a box: "0.32", "−12"."""
    if abs(number) >= 9.95 or not number:
        return with_minus(f"{number:.0f}") if abs(number) < 1000 else format_number(number)
    return format_number(number) if abs(number) < 0.001 else with_minus(f"{number:.2g}")

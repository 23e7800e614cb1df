"""What the nodes of an expression are called in boxes and in sentences."""

from microgpt.viz.stethoscope.numbers import format_number
from microgpt.widgets.expression import FUNCTIONS, Expression, ExpressionNode

MAX_LENGTH = 7  # characters of a name that is made of the names of the inputs
MAX_LABEL = 9  # characters that fit into a box beside others
SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷"}
BINARY = {"+": "{} + {}", "-": "{} − {}", "*": "{}·{}", "/": "{}/{}"}


def node_names(expression: Expression) -> list[str]:
    """Return a name for each node: its own, "w·x" if that is short, or what it does: "tanh"."""
    names = []
    for node in expression.nodes:
        if node.name:
            names.append(node.name)
            continue
        short = _short_text(expression, node)
        names.append(short if short and len(short) <= MAX_LENGTH else _operation(node))
    return names


def node_label(node: ExpressionNode, name: str) -> str:
    """Return the text in the box of a node: of an assigned one, also what it does if it fits."""
    label = f"{name}: {_operation(node)}" if node.op and node.name else name
    return label if len(label) <= MAX_LABEL else name


def _short_text(expression: Expression, node: ExpressionNode) -> str:
    """Return an operation on names and constants as text, "" if it works on other results."""
    parts = []
    for operand in node.operands:
        if isinstance(operand, float):
            parts.append(format_number(operand))
        elif expression.nodes[operand].name:
            parts.append(expression.nodes[operand].name)
        else:
            return ""
    if node.op in BINARY:
        return BINARY[node.op].format(*parts)
    if node.op in FUNCTIONS:
        return f"{node.op}({parts[0]})"
    if node.op == "neg":
        return f"−{parts[0]}"
    return f"{parts[0]}²" if node.operands[1] == 2 else ""


def _operation(node: ExpressionNode) -> str:
    """Return what a node does, with its constant: "+", "× 3", "1 −", "square", "tanh"."""
    if node.op == "**":
        exponent = node.operands[1]
        return "square" if exponent == 2 else f"power {format_number(exponent)}"
    if node.op == "neg":
        return "negate"
    if node.op not in SIGNS:
        return node.op
    left, right = (
        format_number(operand) if isinstance(operand, float) else "" for operand in node.operands
    )
    return f"{left} {SIGNS[node.op]} {right}".strip()

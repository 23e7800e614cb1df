"""Parse a typed expression by a whitelist of Python's syntax; nothing is ever evaluated by Python.

Allowed are names, numbers, + - * /, ** with a constant power, a minus sign, tanh, exp, log and
relu, and assignments separated by ";": only a name lets two operations read one intermediate
result, as in "c = a*b; c*a + c".
"""

import ast
import math
import warnings
from typing import NoReturn

from microgpt.autograd.value import Value
from microgpt.errors import Described, MicrogptError, SettingError, shorten
from microgpt.widgets.expression import FUNCTIONS, OPERATIONS, Expression, ExpressionNode

MAX_LEAVES, MAX_NODES, MAX_CHARS, MAX_NAME = 4, 15, 200, 6
OPERATORS: dict[type, str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
}  # fmt: skip
EXPRESSION, NEEDS, SHORTER = (
    "The expression", "an operation on at least one name", "leave something out",
)  # fmt: skip
ALLOWED = "made of names, numbers, + - * / **, and tanh, exp, log or relu"


def parse_expression(source: str) -> Expression:
    """Parse an expression of at most 4 leaves and 15 nodes, or raise SettingError in one sentence.

    Constants are not nodes: they belong to the operation that reads them.
    """
    if not isinstance(source, str):
        raise SettingError("expression", "a string", type(source))
    text = source.strip()
    if not text:
        _refuse(EXPRESSION, NEEDS, "nothing", "write one, such as a*b + a")
    if len(text) > MAX_CHARS:
        _refuse("Its length", f"at most {MAX_CHARS} characters", f"{len(text)}", SHORTER)
    parser = _Parser()
    result = parser.read(_statements(text))
    if not isinstance(result, int) or not parser.nodes[result].op:
        _refuse(EXPRESSION, NEEDS, text, "write one, such as x*x")
    return Expression(text, _used_nodes(parser.nodes, result))


def _statements(text: str) -> list[ast.stmt]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's, about text that is refused below
            return ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        _refuse(EXPRESSION, ALLOWED, text, "check its brackets, and write 3*x for 3x")


def _refuse(subject: str, expected: str, got: str, remedy: str) -> NoReturn:
    raise SettingError(subject, expected, Described(shorten(got)), remedy)


class _Parser:
    """Collects nodes; `read_…` return the index of a node, or a float for a constant."""

    def __init__(self) -> None:
        self.nodes: list[ExpressionNode] = []
        self.names: dict[str, int | float] = {}

    def read(self, statements: list[ast.stmt]) -> int | float | None:
        """Read statements; return what the last one computes."""
        result: int | float | None = None
        for number, statement in enumerate(statements, 1):
            if isinstance(statement, ast.Expr):
                if number < len(statements):
                    _refuse(
                        "A step before the last", "given a name", ast.unparse(statement),
                        "write it as in c = a*b; c*a + c",
                    )  # fmt: skip
                result = self.read_part(statement.value)
            elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                result = self._assign(statement.targets[0], statement.value)
            else:
                _refuse(EXPRESSION, ALLOWED, ast.unparse(statement), "leave out everything else")
        return result

    def _assign(self, target: ast.expr, value: ast.expr) -> int | float:
        name = ast.unparse(target)
        if not isinstance(target, ast.Name) or name in self.names:
            _refuse("The name of a step", "a new one", name, "choose another")
        self._check_name(name)
        result = self.read_part(value)
        if name in self.names:  # it was read as a leaf on the right
            _refuse("The name of a step", "a new one", name, "choose another")
        self.names[name] = result
        if isinstance(result, int) and self.nodes[result].op and not self.nodes[result].name:
            node = self.nodes[result]
            self.nodes[result] = ExpressionNode(name, node.op, node.operands, node.text)
        return result

    def read_part(self, part: ast.expr) -> int | float:
        """Read a part of an expression."""
        match part:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return self._constant(number, ast.unparse(part))
            case ast.Name(id=name):
                return self._leaf(name)
            case ast.BinOp(left, ast.Pow(), right):
                base, power = self.read_part(left), self.read_part(right)
                if isinstance(power, int):
                    text = ast.unparse(part)
                    _refuse("A power", "a number", text, "write exp(b*log(a)) for a**b")
                return self._add("**", (base, power), part)
            case ast.BinOp(left, operator, right) if type(operator) in OPERATORS:
                operands = self.read_part(left), self.read_part(right)
                return self._add(OPERATORS[type(operator)], operands, part)
            case ast.UnaryOp(ast.USub(), operand):
                return self._add("neg", (self.read_part(operand),), part)
            case ast.Call(ast.Name(id=name), [argument], []) if name in FUNCTIONS:
                return self._add(name, (self.read_part(argument),), part)
        _refuse(EXPRESSION, ALLOWED, ast.unparse(part), "leave out everything else")

    @staticmethod
    def _constant(number: int | float, text: str) -> float:
        try:
            constant = float(number)
        except OverflowError:
            constant = math.inf
        if not math.isfinite(constant):
            _refuse("A number", "below 1e308", text, "write a smaller one")
        return constant

    def _leaf(self, name: str) -> int | float:
        if name not in self.names:
            self._check_name(name)
            self.names[name] = len(self.nodes)
            self.nodes.append(ExpressionNode(name))
        return self.names[name]

    @staticmethod
    def _check_name(name: str) -> None:
        if name in FUNCTIONS:
            _refuse(name, "followed by what it is applied to", name, f"write {name}(x)")
        if len(name) > MAX_NAME or name.startswith("_"):
            expected = f"at most {MAX_NAME} characters long, and begin with a letter"
            _refuse("A name", expected, name, "choose another")

    def _add(self, op: str, operands: tuple[int | float, ...], part: ast.expr) -> int | float:
        """Add an operation; one on constants alone is computed at once."""
        text = ast.unparse(part)
        if all(isinstance(operand, float) for operand in operands):
            try:
                number = OPERATIONS[op](*map(Value, operands[:1]), *operands[1:]).data
            except (ValueError, ArithmeticError) as error:
                remedy = "change its numbers"
                raise MicrogptError(f"{text} cannot be computed: {error}", remedy) from None
            return self._constant(number, text)
        self.nodes.append(ExpressionNode("", op, operands, text))
        return len(self.nodes) - 1


def _used_nodes(nodes: list[ExpressionNode], result: int) -> tuple[ExpressionNode, ...]:
    """Return the nodes that the result depends on, itself last; refuse too many."""
    used, stack = {result}, [result]
    while stack:
        fresh = [index for index in nodes[stack.pop()].inputs if index not in used]
        used.update(fresh)
        stack.extend(fresh)
    kept = sorted(used)
    num_leaves = sum(not nodes[index].op for index in kept)
    if num_leaves > MAX_LEAVES:
        remedy = "put numbers for some of them"
        _refuse("The number of names", f"at most {MAX_LEAVES}", f"{num_leaves}", remedy)
    if len(kept) > MAX_NODES:
        subject = "The number of nodes (names and operations)"
        _refuse(subject, f"at most {MAX_NODES}", f"{len(kept)}", SHORTER)
    new_index = {old: new for new, old in enumerate(kept)}
    return tuple(
        ExpressionNode(
            node.name, node.op,
            tuple(new_index[one] if isinstance(one, int) else one for one in node.operands),
            node.text,
        )
        for node in map(nodes.__getitem__, kept)
    )  # fmt: skip

"""Typed expressions: the language, its limits, and the graph that it stands for."""

import ast

import pytest
from expressions import random_expressions

import microgpt as mg
from microgpt.autograd.value import Value
from microgpt.widgets.expression import FUNCTIONS
from microgpt.widgets.expression_parser import parse_expression

NEURON = "(tanh(w*x + b) - t)**2"


def _function(name):
    return lambda x: getattr(x if isinstance(x, Value) else Value(x), name)()


def by_library(source, leaf_values):
    """The result of an expression of Values that Python itself evaluates, and its leaves."""
    leaves = {name: Value(number) for name, number in leaf_values.items()}
    functions = {name: _function(name) for name in FUNCTIONS}
    *steps, last = ast.parse(source).body
    names = leaves | functions
    exec(compile(ast.Module(steps, []), "steps", "exec"), names)
    if isinstance(last, ast.Assign):
        last = ast.Expr(last.value)
    return eval(compile(ast.Expression(last.value), "last", "eval"), names), leaves


def test_the_neuron_has_nine_nodes_and_eight_edges():
    expression = parse_expression(NEURON)
    assert expression.leaves == ("w", "x", "b", "t")
    assert len(expression.nodes) == 9
    assert sum(len(node.inputs) for node in expression.nodes) == 8
    assert [node.op for node in expression.nodes if node.op] == ["*", "+", "tanh", "-", "**"]


def test_values_and_gradients_are_the_librarys():
    for source, leaf_values in random_expressions(60):
        result, leaves = by_library(source, leaf_values)
        result.backward()
        expression = parse_expression(source)
        graph = expression.graph([leaf_values[name] for name in expression.leaves])
        graph[-1].backward()
        assert graph[-1].data == result.data, source
        grads = [graph[index].grad for index in expression.leaf_indices]
        expected = [leaves[name].grad for name in expression.leaves]
        assert grads == pytest.approx(expected, rel=1e-12, abs=1e-300), source
        values = expression.node_values([leaf_values[name] for name in expression.leaves])
        assert values == [value.data for value in graph], source


def test_constants_belong_to_their_operation():
    expression = parse_expression("2*x + 3 - 4/x**-2 * (1 + 1)")
    assert expression.leaves == ("x",)
    assert [node.op for node in expression.nodes] == ["", "*", "+", "**", "/", "*", "-"]
    graph = expression.graph([3.0])
    assert graph[-1].data == 2 * 3 + 3 - 4 / 3.0**-2 * 2


def test_a_name_shares_an_intermediate_result():
    shared = parse_expression("c = a*b; c*a + c")
    assert [node.name or node.op for node in shared.nodes] == ["a", "b", "c", "*", "+"]
    assert sum(2 in node.inputs for node in shared.nodes) == 2
    assert len(parse_expression("a*b*a + a*b").nodes) == 6
    assert parse_expression("y = a*a").nodes[-1].name == "y"
    assert parse_expression("k = 2; k*x").nodes[-1].operands == (2.0, 0)
    assert parse_expression("unused = a*b; x*x").leaves == ("x",)
    assert parse_expression("c = a*b; d = c; d*d").nodes[2].name == "c"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "got nothing; write one, such as a*b + a"),
        ("  ", "got nothing"),
        ("x", "an operation on at least one name; got x"),
        ("1 + 2", "an operation on at least one name; got 1 + 2"),
        ("__import__('os')", "got __import__('os'); leave out everything else"),
        ("x.data", "got x.data"),
        ("open('f')", "got open('f')"),
        ("(lambda: x)()", "got (lambda: x)()"),
        ("tanh(x, 2)", "got tanh(x, 2)"),
        ("tanh(x=2)", "got tanh(x=2)"),
        ("x if x else 2", "got x if x else 2"),
        ("x and x", "got x and x"),
        ("True*x", "got True"),
        ("'a'*x", "got 'a'"),
        ("x*1j", "got 1j"),
        ("import os", "got import os"),
        ("x += 1", "got x += 1"),
        ("a = b = x*x", "got a = b = x * x"),
        ("3x", "got 3x; check its brackets, and write 3*x for 3x"),
        ("(x", "got (x; check its brackets"),
        ("x\0", "check its brackets"),
        ("((((" * 45, "check its brackets"),
        ("x*x" + " " * 10 + "+ x" * 80, "Its length must be at most 200 characters; got 253"),
        ("a**b", "A power must be a number; got a ** b; write exp(b*log(a)) for a**b"),
        ("2**x", "A power must be a number; got 2 ** x"),
        ("tanh*x", "write tanh(x)"),
        ("tanh = x*x", "write tanh(x)"),
        ("weights*x", "A name must be at most 6 characters long"),
        ("_x*x", "begin with a letter; got _x"),
        ("a*b; a+b", "A step before the last must be given a name; got a * b"),
        ("c = a*b; c = c*a; c", "The name of a step must be a new one; got c"),
        ("a = a*b; a*a", "The name of a step must be a new one; got a"),
        ("a, b = x*x, x", "The name of a step must be a new one; got (a, b)"),
        ("a+b+c+d+e", "The number of names must be at most 4; got 5"),
        ("x" + "*x" * 15, "The number of nodes (names and operations) must be at most 15; got 16"),
        ("log(-1)", "log(-1) cannot be computed: log needs a number above 0; got -1.0"),
        ("x + 1/0", "1 / 0 cannot be computed: 0 cannot be divided by"),
        ("exp(800)*x", "exp(800) cannot be computed: exp(800.0) is too large for a float"),
        ("x*(-1)**0.5", "(-1) ** 0.5 cannot be computed"),
        ("x*1e999", "A number must be below 1e308; got 1e309"),
        ("x*10**400", "10 ** 400 cannot be computed"),
        ("x*1e200*1e200 + 1e200*1e200", "1e+200 * 1e+200; write a smaller one"),
    ],
)  # fmt: skip
def test_what_is_refused_gets_one_sentence(source, sentence):
    with pytest.raises(mg.MicrogptError) as caught:
        parse_expression(source)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_limits_are_allowed():
    assert len(parse_expression("x" + "*x" * 14).nodes) == 15
    assert len(parse_expression("a+b+c+d").leaves) == 4


def test_an_expression_is_a_string():
    with pytest.raises(mg.SettingError, match="must be a string; got function"):
        parse_expression(lambda x: x)


@pytest.mark.parametrize(
    ("source", "x", "reason"),
    [
        ("log(x)*2", -1.0, r"log\(x\) cannot be computed at x = -1: log needs a number above 0"),
        ("2/x", 0.0, r"2 / x cannot be computed at x = 0"),
        ("x**0.5", 0.0, r"x \*\* 0.5 cannot be computed at x = 0: its value or its slope is not"),
        ("exp(exp(x*3))", 3.0, "is too large for a float"),
    ],
)
def test_a_point_without_a_value_is_refused(source, x, reason):
    with pytest.raises(mg.MicrogptError, match=reason):
        parse_expression(source).graph([x])

"""Random expressions of the stethoscope's language, with values for their leaves."""

import random

from microgpt.errors import MicrogptError
from microgpt.widgets.expression_parser import parse_expression


def random_expressions(count, seed=0):
    """Yield (source, leaf -> value): expressions that have a moderate value and slopes there."""
    rng = random.Random(seed)
    while count:
        source = random_source(rng)
        try:
            expression = parse_expression(source)
            leaf_values = {name: round(rng.uniform(-3, 3), 2) for name in expression.leaves}
            graph = expression.graph(list(leaf_values.values()))
        except MicrogptError:
            continue
        unused = set("cd") & set(source) - {node.name for node in expression.nodes}
        if unused:
            continue
        graph[-1].backward()
        if all(abs(value.data) < 50 and abs(value.grad) < 50 for value in graph):
            count -= 1
            yield source, leaf_values


def random_source(rng):
    """A random expression, in half of the cases with steps that have names."""
    names = list("abxy"[: rng.randint(1, 4)])
    steps = []
    for step in "cd"[: rng.choice((0, 0, 1, 2))]:
        steps.append(f"{step} = {random_part(rng, names, 2)}")
        names.append(step)
    return "; ".join([*steps, random_part(rng, names, 3)])


def random_part(rng, names, depth):
    """A random part of an expression, at most `depth` operations deep."""
    if depth == 0 or rng.random() < 0.15:
        return rng.choice(names) if rng.random() < 0.85 else str(round(rng.uniform(-3, 3), 1))
    part = random_part(rng, names, depth - 1)
    choice = rng.randrange(12)
    if choice < 4:
        return f"{('tanh', 'exp', 'log', 'relu')[choice]}({part})"
    if choice == 4:
        return f"({part})**{rng.choice((2, 3, -1, 0.5))}"
    if choice == 5:
        return f"-({part})"
    return f"({part}) {rng.choice('++-**/')} ({random_part(rng, names, depth - 1)})"

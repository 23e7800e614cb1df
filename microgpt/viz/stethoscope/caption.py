"""The captions of the stethoscope: the edge shown, what the gradients mean, what a bug does."""

from microgpt.plain_text import with_minus
from microgpt.viz.formatting import in_quotes
from microgpt.viz.order_names import RIGHT_ORDER
from microgpt.viz.stethoscope.backward_data import BackwardReplay, EdgeStep
from microgpt.viz.stethoscope.numbers import format_number, format_short

NUDGE = 0.01


def question(replay: BackwardReplay) -> str:
    """Return the question that the view answers."""
    return f"How does each number move {replay.result_name}?"


def replay_caption(replay: BackwardReplay) -> str:
    """Return a sentence or two about what is shown."""
    step = replay.current_step
    if step is not None:
        return _edge_sentence(replay, step)
    if not replay.is_at_end:
        result, count = replay.result_name, len(replay.steps)
        edges = f"one of the {count} edges" if count > 1 else "the edge"
        return (
            f"The gradient of {result} with respect to itself is 1. "
            f"Each press of Next edge passes a gradient back along {edges}."
        )
    if replay.order != RIGHT_ORDER or not replay.accumulates:
        return _bug_sentence(replay)
    return _corner_sentence(replay) if replay.corner_sides else _gradient_sentence(replay)


def edge_label(replay: BackwardReplay, step: EdgeStep) -> str:
    """Return the edge as from where a gradient comes and to where it goes."""
    return f"{replay.nodes[step.node].name} to {replay.nodes[step.target].name}"


def _edge_sentence(replay: BackwardReplay, step: EdgeStep) -> str:
    target = replay.nodes[step.target].name
    contribution = format_number(step.contribution)
    sentence = (
        f"Edge {replay.position} of {len(replay.steps)}, {edge_label(replay, step)}: local "
        f"gradient {format_number(step.local_grad)} × gradient that arrives "
        f"{format_number(step.upstream)} = {contribution}."
    )
    if step.before is None:
        return sentence
    before = format_number(step.before)
    if not replay.accumulates:
        return f"{sentence} It replaces the {before} that had arrived at {target}."
    total = format_number(step.total)
    return f"{sentence} {target} had {before} already: {before} + {contribution} = {total}."


def _gradient_sentence(replay: BackwardReplay) -> str:
    leaf, result, slope = replay.moved_leaf, replay.result_name, replay.grads[replay.leaf]
    value = with_minus(f"{leaf.value:.2f}")
    if abs(round(leaf.value, 2) - leaf.value) > 1e-9:
        value = format_number(leaf.value)
    at = f"At {leaf.name} = {value}"
    is_value = f"{result} is {format_number(replay.nodes[-1].value)}"
    by_autograd = f"its gradient by autograd is {format_number(slope)}"
    if replay.measured_slope is None:
        return (
            f"{at} {is_value}; {by_autograd}. Measuring needs {result} on both sides of "
            f"{leaf.name}, and on one side it cannot be computed."
        )
    change, verb = format_short(abs(slope * NUDGE)), "raises" if slope > 0 else "lowers"
    effect = (
        f"{verb} {result} by about {change}" if slope else f"leaves {result} almost where it is"
    )
    return (
        f"{at} {is_value}; {by_autograd} and by measuring {format_number(replay.measured_slope)}. "
        f"Raising {leaf.name} by {NUDGE} {effect}."
    )


def _corner_sentence(replay: BackwardReplay) -> str:
    """Explain two slopes that differ at a corner."""
    slope, measured = replay.grads[replay.leaf], replay.measured_slope
    where = "relu has a corner at 0"
    if measured is None:
        return f"{where}, and the slope cannot be measured; autograd says {format_number(slope)}."
    sides = set(replay.corner_sides)
    side = f"the {sides.pop()} side" if len(sides) == 1 else "one side of each corner"
    sentence = (
        f"{where}: measuring straddles it and says {format_number(measured)}, autograd picks "
        f"{side} and says {format_number(slope)}."
    )
    return f"{sentence} Neither is wrong." if len(replay.corner_sides) == 1 else sentence


def _bug_sentence(replay: BackwardReplay) -> str:
    wrong = [node for node in (replay.leaf, *replay.leaves) if replay.is_wrong(node)]
    if not wrong:
        return _no_effect_sentence(replay)
    leaf = wrong[0]
    measured = replay.measured[replay.leaves.index(leaf)]
    should_be = "" if measured is None else f", measured {format_number(measured)}"
    bug = in_quotes("forget to accumulate") + _order(replay, " and ")
    if replay.accumulates:
        bug = replay.order
    return (
        f"With {bug}, {replay.nodes[leaf].name} has gradient "
        f"{format_number(replay.final_grads[leaf])}{should_be}: {_reason(replay, leaf)}."
    )


def _order(replay: BackwardReplay, before: str) -> str:
    return "" if replay.order == RIGHT_ORDER else f"{before}{replay.order}"


def _reason(replay: BackwardReplay, leaf: int) -> str:
    """Return why the gradient of a leaf is wrong."""
    nodes = replay.nodes
    if not replay.accumulates:
        replaced = [step.target for step in replay.steps if step.before is not None]
        if leaf in replaced:
            return _replaced(replay, leaf)
        if replaced:
            return f"at {nodes[replaced[0]].name}, {_replaced(replay, replaced[0])}"
    passed: dict[int, int] = {}
    for step in replay.steps:
        if replay.order == "recursion":
            if step.input_index == 0:
                passed[step.node] = passed.get(step.node, 0) + 1
        elif step.target in passed:
            late, early = nodes[step.node].name, nodes[step.target].name
            return f"{early} passed its gradient on before {late} had reported"
        else:
            passed[step.node] = 1
    node = max(passed, key=lambda index: passed[index])
    return (
        f"{nodes[node].name} passed its gradient on {_times(passed[node])}, each time all that had "
        "arrived so far"
    )


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _replaced(replay: BackwardReplay, node: int) -> str:
    """Say which of the gradients that arrived at a node is left."""
    if sum(step.target == node for step in replay.steps) == 2:
        return "the second arrival replaced the first"
    return "the last arrival replaced those before it"


def _no_effect_sentence(replay: BackwardReplay) -> str:
    """Say why a bug changes nothing in this expression."""
    shared = [index for index, count in replay.uses.items() if count > 1]
    if not shared:
        return "No number is used twice here, so this bug changes nothing."
    names = [replay.nodes[index].name for index in sorted(shared)]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    often = "twice" if all(replay.uses[index] == 2 for index in shared) else "more than once"
    used = f"{listed} {'is' if len(shared) == 1 else 'are'} used {often}"
    if replay.accumulates and not any(replay.nodes[index].inputs for index in shared):
        leaves = "a leaf passes" if len(shared) == 1 else "leaves pass"
        return f"{used}, but {leaves} nothing on, so this order changes nothing here."
    if replay.accumulates and replay.order != "recursion":
        return (
            f"{used}, but in this order each had its gradient complete before it passed it on: "
            "nothing changes here."
        )
    return f"{used}, but what this bug loses or repeats is 0 here, so nothing changes."

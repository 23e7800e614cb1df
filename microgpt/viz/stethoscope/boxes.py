"""What stands in the boxes and on the edges at a position of the pass, for page and picture."""

from dataclasses import dataclass

from microgpt.viz.stethoscope.backward_data import BackwardReplay
from microgpt.viz.stethoscope.numbers import format_number, format_short


@dataclass(frozen=True)
class NodeBox:
    """The texts of a box: its label, its value, and its slope, "" before it has arrived.

    A slope that replaced another has the other as `replaced`. `caption` stands above the box.
    """

    label: str
    value: str
    slope: str
    replaced: str = ""
    caption: str = ""
    is_leaf: bool = False
    is_moved: bool = False
    is_active: bool = False
    is_wrong: bool = False


@dataclass(frozen=True)
class EdgeMark:
    """The edge from `source` to an input of `node`; `state` is "todo", "done" or "now".

    `has_twin` is whether another input of the node is the same source.
    """

    source: int
    node: int
    input_index: int
    state: str
    has_twin: bool


def node_boxes(replay: BackwardReplay) -> list[NodeBox]:
    """Return a box for each node."""
    arrived, step, last = replay.arrived(), replay.current_step, len(replay.nodes) - 1
    boxes = []
    for index, node in enumerate(replay.nodes):
        slope, replaced = "", ""
        is_active = step is not None and step.target == index
        if index in arrived:
            slope = format_number(arrived[index])
        if is_active and step is not None and step.before is not None:
            if replay.accumulates:
                parts = format_short(step.before), format_short(step.contribution)
                slope = f"{parts[0]} + {parts[1]}".replace("+ −", "− ")
            else:
                replaced, slope = format_short(step.before), format_short(step.contribution)
        boxes.append(
            NodeBox(
                node.label, format_number(node.value), slope, replaced,
                replay.result_name.removeprefix("the ")
                if index == last and node.name != replay.result_name
                else "",
                not node.inputs, index == replay.leaf, is_active,
                replay.is_at_end and replay.is_wrong(index),
            )
        )  # fmt: skip
    return boxes


def edge_marks(replay: BackwardReplay) -> list[EdgeMark]:
    """Return the edges, the one that is shown last, so that it lies above the others."""
    step = replay.current_step
    done = {(one.node, one.input_index) for one in replay.steps_done}
    marks = []
    for index, node in enumerate(replay.nodes):
        for position, source in enumerate(node.inputs):
            state = "done" if (index, position) in done else "todo"
            if step is not None and (step.node, step.input_index) == (index, position):
                state = "now"
            has_twin = node.inputs.count(source) > 1
            marks.append(EdgeMark(source, index, position, state, has_twin))
    return sorted(marks, key=lambda mark: ("todo", "done", "now").index(mark.state))

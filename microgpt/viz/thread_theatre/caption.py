"""The sentences of the thread theatre: this access, this phase, the run in all orders."""

from microgpt.plain_text import join_and, pluralize
from microgpt.viz.thread_theatre.data import CHANGES, READS, Scene, StepNote
from microgpt.viz.thread_theatre.wording import VERDICTS, cost_text

LIMITS = "The interpreter saw this input and these sizes; it cannot see time."
UNWRITTEN = "which nobody has written: shared memory begins with anything"
# What the folded box lists.
UNSEEN = (
    "branches that this input never takes, and other sizes",
    "time, caches, occupancy and registers",
    "what a compiler reorders",
    "memory that another block sees late",
    "agreements inside a warp that no barrier holds: it calls them races",
    "integers too large for 32 bits",
)


def question(scene: Scene) -> str:
    """Return the question that the view answers."""
    threads = pluralize(scene.num_threads, "thread")
    verb = "does" if scene.num_threads == 1 else "do"
    if scene.num_phases == 1:
        return f"What {verb} {threads} do?"
    return f"What {verb} {threads} do in phase {scene.phase} of {scene.num_phases}?"


def exercise_note(scene: Scene) -> str:
    """Return which exercise this view gives away; "" if none."""
    if not scene.exercise:
        return ""
    return f"This view shows answers to exercise {scene.exercise}, right ones and wrong ones."


def theatre_caption(scene: Scene) -> str:
    """Return the sentences below the picture."""
    return " ".join([_step_sentence(scene), _phase_sentence(scene), _run_sentence(scene), LIMITS])


def step_text(step: StepNote) -> str:
    """Return what happens now: "threads 0 to 31 read s[32] to s[63]: 1 pass"."""
    verb = step.operation[:-1] if step.is_plural else step.operation
    if step.operation == CHANGES:
        text = f"{step.threads} {verb} {step.elements} atomically"
    elif step.is_unwritten:
        text = f"{step.threads} {verb} {step.elements}, {UNWRITTEN}"
    elif step.value:
        preposition = "from" if step.operation == READS else "into"
        text = f"{step.threads} {verb} {step.value} {preposition} {step.elements}"
    else:
        text = f"{step.threads} {verb} {step.elements}"
    if step.cost is not None and step.min_cost is not None:
        text += f": {cost_text(step.cost, step.min_cost, step.space)}"
    return text


def _step_sentence(scene: Scene) -> str:
    if scene.step is None:
        return f"Phase {scene.phase}: no thread touches memory."
    step = scene.step if scene.has_counts else scene.step._replace(cost=None)
    return f"Phase {scene.phase}, line {step.line}: {step_text(step)}."


def _phase_sentence(scene: Scene) -> str:
    if not scene.findings:
        return "No two threads clash in this phase."
    return f"Interpreter, {scene.findings[0]}."


def _run_sentence(scene: Scene) -> str:
    """Say how the run came out in all orders, and what was found in other phases."""
    reports = [VERDICTS[one.finding_type][2] for one in scene.verdicts if one.is_found]
    result = _result_text(scene)
    if reports:
        return f"{result}; the interpreter reports {join_and(reports)}{_where(scene)}."
    if any(one.is_right is False for one in scene.results):
        return f"{result}, and the interpreter reports nothing: it does not check the arithmetic."
    return f"{result}, and the interpreter reports nothing."


def _where(scene: Scene) -> str:
    """Return the phases with findings, unless the phase that is shown has one."""
    if scene.findings or not scene.finding_phases:
        return ""
    word = "phase" if len(scene.finding_phases) == 1 else "phases"
    return f" in {word} {join_and(scene.finding_phases)}"


def _result_text(scene: Scene) -> str:
    right = [one.order for one in scene.results if one.is_right]
    wrong = [one.order for one in scene.results if one.is_right is False]
    if not right and not wrong:
        if scene.orders_agree:
            return "The result is the same in all three orders"
        return "The result depends on the order"
    if not wrong:
        return "The result is right in all three orders"
    if not right:
        return "The result is wrong in all three orders"
    return f"The result is right {join_and(right)}, wrong {join_and(wrong)}"

"""`doctor`: is everything there, is anything in the way, and what is to be done?"""

import platform

from microgpt import __version__, backends
from microgpt.diagnostics import installation, machine
from microgpt.diagnostics.report import Finding, Report


def doctor(brief: bool = False) -> Report:
    """What is installed, what is wrong, and what to do: a report that shows itself.

    With `brief`, one line within two seconds. If the fast kernels are not compiled and nobody
    chose a back end, it settles this session on NumPy and says so: no cell waits for a compiler.
    """
    return _brief() if brief else _thorough()


def _thorough() -> Report:
    threads, gpus = machine.ask_for_threads(), machine.ask_for_gpus()  # both take a while
    findings = (
        *installation.installation(),
        *installation.namesakes(),
        machine.python(),
        *machine.libraries(),
        *machine.kernels(),
        machine.cache(),
        machine.compiler(threads),
        machine.gpus(gpus),
    )
    many = sum(finding.state == "problem" for finding in findings)
    found = {0: "no problems found", 1: "one problem found"}.get(many, f"{many} problems found")
    return Report(f"microgpt {__version__}: {found}", findings)


def _brief() -> Report:
    findings: tuple[Finding, ...] = (
        *installation.installation(),
        *installation.namesakes(thorough=False),
        machine.cache(),
        *machine.kernels(),
    )
    problems = [finding for finding in findings if finding.state == "problem"]
    kernels = _kernels()  # settles the session, whatever else was found
    sentence = f"Ready: Python {'.'.join(platform.python_version_tuple()[:2])}, NumPy{kernels}"
    if problems:
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        sentence = f"Found a problem{more}: {problems[0]}. `mg.doctor()` tells the rest."
    return Report(sentence, findings, brief=True)


def _kernels() -> str:
    """How the line goes on; it settles the session on NumPy where nothing is compiled."""
    if not backends.available("numba"):
        return (
            ". numba is not installed, so this session runs on NumPy; `pip install numba` "
            "brings the fast kernels."
        )
    compiled = backends.kernels_ready()
    if backends.chosen() is None and not compiled:
        backends.use("numpy")
    chosen = backends.chosen() or "numba"
    if compiled and chosen == "numba":
        return "; fast kernels compiled."
    if compiled:
        return (
            "; fast kernels compiled, but this session was set to NumPy: restart the kernel, or "
            'call `mg.use("numba")`, to use them.'
        )
    if chosen == "numba":
        return f". Fast kernels are not compiled yet, so the first use waits; {machine.WARM_UP}."
    return f". Fast kernels are not compiled yet, so this session runs on NumPy; {machine.WARM_UP}."

"""`doctor`: run all checks and report what is installed, what is wrong and how to fix it."""

import platform

from microgpt import __version__, backends
from microgpt.diagnostics import installation, machine
from microgpt.diagnostics.report import Finding, Report


def doctor(brief: bool = False) -> Report:
    """Report what is installed, what is wrong and what to do.

    With `brief`, the report is one line and takes at most two seconds. If the fast kernels are not
    compiled and no back end was chosen, a brief report also selects NumPy for this session and says
    so, so that no cell waits for the compiler.
    """
    return _brief_report() if brief else _full_report()


def _full_report() -> Report:
    threads, nvidia_smi = machine.start_threads_probe(), machine.start_nvidia_smi()  # both are slow
    findings = (
        *installation.installation_findings(),
        *installation.conflict_findings(),
        machine.python_finding(),
        *machine.library_findings(),
        *machine.kernel_findings(),
        machine.cache_finding(),
        machine.numba_finding(threads),
        machine.gpu_finding(nvidia_smi),
        machine.gpu_compiler_finding(),
    )
    count = sum(finding.state == "problem" for finding in findings)
    verdict = {0: "no problems found", 1: "one problem found"}.get(count, f"{count} problems found")
    return Report(f"microgpt {__version__}: {verdict}", findings)


def _brief_report() -> Report:
    findings: tuple[Finding, ...] = (
        *installation.installation_findings(),
        *installation.conflict_findings(thorough=False),
        machine.cache_finding(),
        *machine.kernel_findings(),
    )
    problems = [finding for finding in findings if finding.state == "problem"]
    kernels = _kernels_clause()  # may select NumPy, whatever else was found
    python = ".".join(platform.python_version_tuple()[:2])
    sentence = f"Ready: Python {python}, NumPy{kernels}"
    if problems:
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        sentence = f"Found a problem{more}: {problems[0]}. `mg.doctor()` tells the rest."
    return Report(sentence, findings, brief=True)


def _kernels_clause() -> str:
    """Return the clause about kernels.

    Selects NumPy for this session if they are not compiled and no back end was chosen.
    """
    if not backends.available("numba"):
        return (
            ". numba is not installed, so this session runs on NumPy; `pip install numba` "
            "brings the fast kernels."
        )
    compiled = backends.kernels_compiled()
    if backends.selected_name() is None and not compiled:
        backends.use("numpy")
    backend = backends.selected_name() or "numba"
    if backend not in ("numpy", "numba"):
        return f"; this session runs on the back end {backend!r}."
    if compiled and backend == "numba":
        return "; fast kernels compiled."
    if compiled:
        return (
            "; fast kernels compiled, but this session was set to NumPy: restart the kernel, or "
            'call `mg.use("numba")`, to use them.'
        )
    consequence = "the first use waits" if backend == "numba" else "this session runs on NumPy"
    return f". Fast kernels are not compiled yet, so {consequence}; {machine.WARMUP_ADVICE}."

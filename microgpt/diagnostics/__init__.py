"""Diagnose the installation: `doctor` runs all checks, `require` checks a notebook's version."""

from microgpt.diagnostics.installation import shadowing_paths
from microgpt.diagnostics.report import Finding, Report
from microgpt.diagnostics.run_checks import doctor
from microgpt.diagnostics.versions import require

__all__ = ["Finding", "Report", "doctor", "require", "shadowing_paths"]

"""What is installed, what is in the way, and what to do about it."""

from microgpt.diagnostics.examination import doctor
from microgpt.diagnostics.installation import shadows
from microgpt.diagnostics.report import Finding, Report
from microgpt.diagnostics.versions import require

__all__ = ["Finding", "Report", "doctor", "require", "shadows"]

"""What is installed, what is in the way, and what to do about it."""

from microgpt.diagnosis.examination import doctor
from microgpt.diagnosis.installation import shadows
from microgpt.diagnosis.report import Finding, Report
from microgpt.diagnosis.versions import require

__all__ = ["Finding", "Report", "doctor", "require", "shadows"]

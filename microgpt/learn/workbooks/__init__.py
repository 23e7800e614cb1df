"""The workbook: one file with a whole GPT, with a place for each part a learner writes.

`my_microgpt.py` is the file as it is on the first day; `learn.workbook_sections` finds its parts,
`writing` fills them with the answers that `check` has accepted, `library` is what runs in an
open part, and `running` checks the parts when the file runs and compares its losses with the
reference's.
"""

from microgpt.learn.workbooks.library import library
from microgpt.learn.workbooks.running import checked_parts
from microgpt.learn.workbooks.writing import workbook

__all__ = ["checked_parts", "library", "workbook"]

"""The gradebook's CSV file."""

import csv

import pytest

from microgpt.learn.grading.gradebook import GradeRow, write_csv


def test_a_gradebook_is_harmless_in_a_spreadsheet(tmp_path):
    target = tmp_path / "g.csv"
    values = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "a\nb, c"]
    write_csv([GradeRow(*values, "0.1", 1.5)], target)
    (row,) = csv.DictReader(target.read_text().splitlines())
    assert list(row.values()) == [
        "'=cmd|' /C calc'!A0", "'+1", "'-1", "'@SUM(A1)", "a b, c", "0.1", "1.5",
    ]  # fmt: skip


def test_a_gradebook_in_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "g.csv").write_text("")
    with pytest.raises(OSError, match="nothing can be saved in"):
        write_csv([], tmp_path / "g.csv" / "g.csv")

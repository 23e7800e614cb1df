"""The gradebook's CSV file."""

import csv

import pytest

from microgpt.errors import NotWritable, SettingError
from microgpt.learn.grading.gradebook import COLUMNS, GradeRow, check_not_overwriting, write_csv


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


@pytest.mark.parametrize(
    ("header", "is_gradebook"),
    [
        (",".join(COLUMNS), True),
        ("", True),
        ("a,b,c,d,e,f,g", False),  # as many columns, but others
        (",".join(COLUMNS[:-1]), False),
        (",".join([*COLUMNS, "more"]), False),
        ("my notes", False),
    ],
)
def test_only_a_gradebook_is_replaced(tmp_path, header, is_gradebook):
    target = tmp_path / "g.csv"
    target.write_text(f"{header}\n1,2,3\n")
    if is_gradebook:
        check_not_overwriting(target, [])
    else:
        with pytest.raises(NotWritable, match="does not begin with a gradebook's header"):
            check_not_overwriting(target, [])


def test_a_submission_is_never_replaced(tmp_path):
    target = tmp_path / "g.csv"
    target.write_text(",".join(COLUMNS))
    with pytest.raises(NotWritable, match="one of the files to grade"):
        check_not_overwriting(target, [tmp_path / "." / "g.csv"])
    with pytest.raises(SettingError, match=r"a file name that ends in \.csv"):
        check_not_overwriting(tmp_path / "g.py", [])

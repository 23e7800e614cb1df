"""The parts of a workbook's text."""

from microgpt.learn.workbook_sections import find_part, find_sections, part_ids, template

TEXT = """\
import numpy as np
# %% 03.softmax: softmax(x) -> p
# my notes
softmax = library("03.softmax")  # open

# %% 09.sample: sample
# sample = library("09.sample")
def sample(): ...
# %% The model
x = 1
"""


def test_parts_are_open_until_their_line_is_gone():
    softmax, sample = find_sections(TEXT).values()
    assert (softmax.id, softmax.name) == ("03.softmax", "softmax")
    assert softmax.heading == "# %% 03.softmax: softmax(x) -> p"
    assert softmax.text.endswith("# open\n\n")
    assert softmax.open_line[0] == 'softmax = library("03.softmax")  # open'
    assert sample.open_line is None
    assert sample.text.endswith("def sample(): ...\n")


def test_windows_lines():
    (softmax, _) = find_sections(TEXT.replace("\n", "\r\n")).values()
    assert softmax.open_line[0].endswith("# open")


def test_the_part_of_a_line():
    assert [find_part(TEXT, number) for number in range(1, 11)] == [
        None, *["03.softmax"] * 4, *["09.sample"] * 3, None, None,
    ]  # fmt: skip
    assert find_part("", 1) is None


def test_the_parts_of_the_first_day():
    assert part_ids() == list(find_sections(template()))

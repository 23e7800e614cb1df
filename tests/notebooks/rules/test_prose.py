"""Markdown as blocks of prose."""

from course.rules.prose import parse_blocks


def test_markdown_is_parsed_as_prose():
    text = (
        "# A `b`\n\nSee **it** [here](u) and $x + 1$.  \nTwo: e.g. this. `c` ends.\n\n- *One.* x\n"
    )
    heading, paragraph, item = parse_blocks(text + "\n```python\nhidden\n```\n")
    assert (heading.type, heading.level, heading.text) == ("heading", 1, "A `code`")
    assert heading.sentences == []
    assert (paragraph.bold, paragraph.links) == (("it",), ("u",))
    sentences = ["See it here and `formula`.", "Two: e.g. this.", "`code` ends."]
    assert paragraph.sentences == sentences
    assert (item.type, item.lead) == ("item", "One")


def test_tables_and_html_are_prose_too():
    cells = parse_blocks("| a | b |\n|---|---|\n| 1 | **two** words |\n")
    assert [(cell.type, cell.num_words) for cell in cells] == [("cell", n) for n in (1, 1, 1, 2)]
    html = "<details><summary>More</summary> words <img src='x'></details>"
    (details,) = parse_blocks(html)
    assert (details.num_words, details.has_figure) == (2, True)

"""What a committed notebook keeps of its outputs."""

import nbformat
import pytest
from course import output_cleaning

from microgpt.errors import FormatError


def test_clean_keeps_pictures_and_text_only():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}}
    text = {"text/plain": "It fell.", "text/html": "<b>"}
    outputs = [
        nbformat.v4.new_output("display_data", data=data, metadata={"width": 3})
        for data in (
            {"image/png": "cG5n", **text},
            {"image/svg+xml": "<svg>", **text, **view},
            view,
        )
    ]
    cell = nbformat.v4.new_code_cell("1", outputs=outputs, execution_count=7)
    cell.metadata = {"tags": ["varies"], "execution": {"iopub.status.busy": "2020"}}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}})
    cleaned = output_cleaning.clean(notebook)
    (kept,) = cleaned.cells
    assert [set(output.data) for output in kept.outputs] == [
        {"image/png", "text/plain"},
        {"text/plain", "text/html"},
    ]
    assert all(output.metadata == {} for output in kept.outputs)
    assert (kept.execution_count, kept.metadata) == (None, {"tags": ["varies"]})
    assert set(cleaned.metadata) == {"kernelspec", "language_info"}
    assert not output_cleaning.is_clean(nbformat.writes(notebook).encode(), "00_test")


def test_a_caption_is_prose_once():
    """Without its HTML a figure has no caption, and plain text breaks within words."""
    caption = {"text/plain": "It fell < 3."}
    figure = "<figure><img><figcaption>It fell &lt; 3.</figcaption></figure>"
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, **caption}
    outputs = [
        nbformat.v4.new_output("display_data", data=data)
        for data in (
            {"image/png": "cG5n", "text/html": figure, **caption},
            {"image/png": "cG5n", "text/html": f'<i class="mg-still">{figure}', **caption},
            view,
        )
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", outputs=outputs)])
    (kept,) = (cleaned := output_cleaning.clean(notebook)).cells
    picture = {"image/png": "cG5n", **caption}
    prose = {"text/html": "<p>It fell &lt; 3.</p>", **caption}
    assert [output.data for output in kept.outputs] == [picture, prose, picture, prose]
    assert output_cleaning.clean(cleaned) == cleaned


@pytest.mark.parametrize("tag", ["answer:00.a", "shows:00.a"])
def test_what_answers_a_prediction_is_masked(tag):
    outputs = [
        nbformat.v4.new_output("stream", text="It is 3."),
        nbformat.v4.new_output("display_data", data={"image/png": "cG5n", "text/plain": "3"}),
    ]
    cells = [
        nbformat.v4.new_code_cell("3", id=name, outputs=outputs, metadata={"tags": tags})
        for name, tags in (("a", [tag, "varies"]), ("b", ["predict:00.a"]))
    ]
    cells[0].metadata["jupyter"] = {"source_hidden": True}
    cleaned = output_cleaning.clean(nbformat.v4.new_notebook(cells=cells))
    masked, kept = cleaned.cells
    assert [output.data for output in masked.outputs] == [
        {
            "text/plain": "Hidden until you run this cell.",
            "text/html": "<p><em>Hidden until you run this cell.</em></p>",
        }
    ]
    assert masked.metadata == {"tags": [tag, "varies"], "jupyter": {"source_hidden": True}}
    assert len(kept.outputs) == 2
    assert output_cleaning.clean(cleaned) == cleaned


def test_a_masked_cell_that_showed_nothing_stays_empty():
    cell = nbformat.v4.new_code_cell("x = 3", id="a", metadata={"tags": ["answer:00.a"]})
    (kept,) = output_cleaning.clean(nbformat.v4.new_notebook(cells=[cell])).cells
    assert kept.outputs == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<object object at 0x7f>", "shows the address 'at 0x7f'"),
        ("x" * 500_000, "bytes, more than 500,000"),
    ],
)
def test_outputs_that_cannot_be_committed(text, message):
    output = nbformat.v4.new_output("display_data", data={"text/plain": text})
    cell = nbformat.v4.new_code_cell("1", id="x", outputs=[output])
    with pytest.raises(FormatError, match=message):
        output_cleaning.to_bytes(nbformat.v4.new_notebook(cells=[cell]), "00_test")


def test_the_sentence_of_a_view_that_is_gone_breaks_between_words():
    data = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "a"},
        "text/plain": "“<b>” leads.",
    }
    [output] = output_cleaning.clean_output(nbformat.v4.new_output("display_data", data=data))
    assert output.data == {"text/plain": "“<b>” leads.", "text/html": "<p>“&lt;b&gt;” leads.</p>"}
    assert output_cleaning.clean_output(output)[0].data == output.data
    plain = nbformat.v4.new_output("execute_result", data={"text/plain": "3"}, execution_count=1)
    assert set(output_cleaning.clean_output(plain)[0].data) == {"text/plain"}

"""docs/trace.md: its example runs, and its table has every name."""

import re
from dataclasses import replace
from pathlib import Path

from trace_cases import GPT2, random_model, tokens_of

import microgpt as mg

PAGE = (Path(__file__).parents[2] / "docs" / "trace.md").read_text("utf-8")


def test_the_example_prints_what_it_says(capsys):
    code, expected = re.search(r"```python\n(.*?)```\n+```text\n(.*?)```", PAGE, re.DOTALL).groups()
    exec(compile(code, "docs/trace.md", "exec"), {})
    assert capsys.readouterr().out == expected


def test_the_table_has_every_name_in_order_with_its_shape():
    config = replace(GPT2, embedding_norm=True, dropout=0.1, n_layer=1)
    model, tokens = random_model(config).eval(), tokens_of(config, rows=3)
    with mg.trace(model) as t:
        model(tokens)
    sizes = {"B": 3, "H": 2, "T": 6, "D": 4, "C": 8, "4C": 32, "V": 11}
    listed = []
    for cells in re.findall(r"^\| (`.*?`) \| \((.*?)\) \|", PAGE, re.MULTILINE):
        for name in re.findall(r"`([\w.]+)`", cells[0]):
            listed.append(name if name[0] != "." else listed[-1].rsplit(".", 1)[0] + name)
            assert t[listed[-1]].shape == tuple(sizes[size] for size in cells[1].split(", "))
    assert listed == t.names()

"""Notebooks as a wheel ships them: made-up ones, and what stands in real ones."""

import json


def notebook(*answers, version="0.1"):
    """A notebook with a cell for each answer, as bytes."""
    first = f'import microgpt as mg; mg.require("{version}")'
    cells = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "outputs": [], "source": source}
        for number, source in enumerate([first, *answers])
    ]
    whole = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1).encode()


def answers(path):
    return [cell["source"] for cell in json.loads(path.read_bytes())["cells"]][1:]


def json_strings(value):
    """Every string in a value of JSON; the lines of one text, as notebooks store it, are joined."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return ["".join(value)]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in json_strings(item)]

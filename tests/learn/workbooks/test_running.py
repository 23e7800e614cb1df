"""What a running workbook says of its parts, its losses and its errors."""

import numpy as np
import pytest
from exercise_answers import correct_sample, endless, id_order_sample
from workbook_runs import namespace

import microgpt as mg
from microgpt.errors import StateError
from microgpt.learn import todo
from microgpt.learn.workbook_sections import part_ids
from microgpt.learn.workbooks import checked_parts, library, running

OPEN = {id.partition(".")[2]: library(id) for id in part_ids()}


def parts(**functions):
    return checked_parts({**OPEN, **functions})


def test_states_and_their_lines(monkeypatch):
    monkeypatch.setattr(running, "exercises", lambda: [])
    unchecked = parts(rms_norm=lambda x, eps: x)
    assert unchecked.states["07.rms_norm"] == "unchecked"
    assert "✓ 07.rms_norm: yours; no exercise checks it" in str(unchecked)
    assert str(unchecked).endswith("1 of 14 parts is yours.")
    monkeypatch.undo()
    assert parts(sample=correct_sample).states["09.sample"] == "correct"
    assert str(parts(sample=correct_sample)).startswith("✓ 09.sample\n○ Open, so the library's")
    wrong = parts(sample=id_order_sample)
    result = mg.learn.check("09.sample", id_order_sample)
    assert f"✗ 09.sample: {result.message}\n" in str(wrong)
    assert str(wrong).endswith("0 of 14 parts are yours.")


@pytest.mark.parametrize("stub", [todo(), ..., lambda logits, T, k, u: todo()])
def test_an_unwritten_part_runs_as_the_library_s(stub):
    names = {**OPEN, "sample": stub}
    checked = checked_parts(names)
    assert checked.states["09.sample"] == "not attempted"
    assert names["sample"] is library("09.sample")
    assert "○ 09.sample: still to be written" in str(checked)


def test_a_part_that_is_gone_or_never_returns(short_limits):
    names = dict(OPEN)
    del names["softmax"]
    names["sample"] = endless
    checked = checked_parts(names)
    assert names["softmax"] is library("03.softmax")
    assert (checked.states["03.softmax"], checked.states["09.sample"]) == ("open", "not yet")
    assert names["sample"] is library("09.sample")
    assert "The library's function runs in its place" in str(checked)


def test_losses_are_compared():
    names = namespace()
    losses = names["train"](12)
    right = parts().compare(losses, names["names"])
    yours, reference, verdict = right.splitlines()
    assert yours.split() == ["yours", *(f"{loss:.4f}" for loss in losses[:10])]
    assert yours.split()[1:] == reference.split()[1:]
    assert verdict == "Your first 10 losses are those of the reference."
    for changed in (losses[3] + 2e-4, np.nan, np.inf):
        other = [*losses[:3], changed, *losses[4:]]
        assert "differ from the reference's from step 4 on. No part" in (
            parts().compare(other, names["names"])
        )
        wrong = parts(sample=id_order_sample).compare(other, names["names"])
        assert wrong.endswith("from step 4 on. Not right yet: 09.sample.")
        written = {"mlp": lambda *given: OPEN["mlp"](*given)}
        unchecked = parts(**written).compare(other, names["names"])
        assert unchecked.endswith("from step 4 on. No exercise checks 07.mlp; begin there.")
        wrong = parts(**written, sample=id_order_sample).compare(other, names["names"])
        assert wrong.endswith("from step 4 on. Not right yet: 09.sample.")


def test_letters_of_several_bytes_are_compared_too():
    documents = ["zoë", "josé", "łukasz", "anna"] * 3
    names = namespace()
    text_names = {"names": documents, "shuffled": list(documents)}
    names.update(text_names)
    names["rng"].seed(42)
    names["rng"].shuffle(names["shuffled"])
    bytes_seen = sorted({byte for name in documents for byte in name.encode()})
    names.update(letters=bytes_seen, BOS=len(bytes_seen))
    matrix, C = names["matrix"], names["C"]
    names["weights"].update(
        wte=matrix(names["BOS"] + 1, C), wpe=matrix(16, C), head=matrix(names["BOS"] + 1, C)
    )
    names["weights"].update({name: matrix(C, C) for name in ("wq", "wk", "wv", "wo")})
    names["weights"].update(up=matrix(4 * C, C), down=matrix(C, 4 * C))
    assert "are those of the reference" in parts().compare(names["train"](10), documents)


def test_all_parts(monkeypatch):
    monkeypatch.setattr(running, "exercises", lambda: [])
    complete = {name: lambda *given, f=f: f(*given) for name, f in OPEN.items()}
    names = namespace(**complete)
    checked = checked_parts(names)
    assert str(checked).endswith("14 of 14 parts are yours.")
    compared = checked.compare(names["train"](10), names["names"])
    assert compared.endswith("Every line of this GPT is yours.")
    assert "Every line" not in parts().compare(names["train"](10), names["names"])


def broken(logits, T, k, u):
    return np.zeros(3) @ np.zeros(4)


def test_an_error_names_its_part(capsys):
    stopped = r"^Your sample \(09.sample\) stopped in line \d+ with "
    with (
        pytest.raises(StateError, match=stopped),
        checked_parts({**OPEN, "sample": broken}) as checked,
    ):
        checked.namespace["sample"](np.zeros(3), 1.0, 3, 0.5)
    assert capsys.readouterr().out.endswith("0 of 14 parts are yours.\n")
    stopped = r"^The run stopped with KeyError: 3\. Not right yet: 09\.sample; begin there\.$"
    with (
        pytest.raises(StateError, match=stopped),
        checked_parts({**OPEN, "sample": id_order_sample}),
    ):
        raise KeyError(3)
    with (
        pytest.raises(
            StateError, match=r"KeyError: 3\. No exercise checks 07\.gpt; begin there\.$"
        ),
        checked_parts({**OPEN, "gpt": lambda *given: None}),
    ):
        raise KeyError(3)


def test_other_errors_are_not_touched():
    for error in (KeyError(3), KeyboardInterrupt()):
        with pytest.raises(type(error)), checked_parts(dict(OPEN)):
            raise error

"""The stub that stands for an answer."""

import pytest

import microgpt as mg
from microgpt import learn


def test_the_stub_is_not_attempted_and_says_what_to_do():
    stub = learn.todo()
    assert not stub
    assert "to do" in repr(stub)
    with pytest.raises(mg.MicrogptError, match=r"in place of mg\.learn\.todo"):
        stub(1, 2)
    for answer in (stub, lambda *_: stub, lambda *_: stub(), ...):
        result = learn.check("09.sample", answer)
        assert result.state == "not attempted"
        assert not result
        assert "stub" in repr(result)
    with pytest.raises(learn.WrongAnswer, match="not attempted"):
        learn.check("09.top_k", stub).raise_if_wrong()

"""What is wrong with a call is raised before the first token."""

import pytest
from generation_cases import CONFIG

import microgpt as mg
from microgpt.errors import SettingError, ShapeError


def test_refusals_come_before_the_first_token(backend):
    model = mg.GPT(CONFIG)
    for prompt in ([], [[0, 1]], 0):
        with pytest.raises(ShapeError, match=r"1 token or more .*, in one dimension; got"):
            mg.generate(model, prompt)
    with pytest.raises(SettingError, match="temperature"):
        mg.generate(model, [0], temperature=-1)
    for prompt in ([9], [-1], [9] + [0] * 20):
        with pytest.raises(mg.TokenError, match=r"from 0 to 8; got .* at index 0"):
            mg.generate(model, prompt)
    for count in (2.5, -1, True, "3"):
        with pytest.raises(SettingError, match="max_new_tokens must be a non-negative integer"):
            mg.generate(model, [0], count)
    for stop in (9, -1, 1.0, True, "3", [1, 9], [[1]]):
        with pytest.raises(SettingError, match="stop must be a token id from 0 to 8"):
            mg.generate(model, [0], stop=stop)


@pytest.mark.parametrize("top_k", [9, 10, 50_257, 2**63 - 1])
def test_top_k_above_the_vocabulary_keeps_every_token_everywhere(backend, top_k):
    """nanoGPT and Hugging Face do so too: a top-k of 50 is typed for any vocabulary."""
    model = mg.GPT(CONFIG)
    logits = model([0]).data[0]
    for u in (0.0, 0.3, 0.99):
        kept = mg.next_token(logits, top_k=top_k, u=u)
        assert (kept.num_kept, kept.binding_filter) == (9, None)
        assert kept.token == mg.next_token(logits, u=u).token
    assert list(mg.generate(model, [0], 20, top_k=top_k)) == list(mg.generate(model, [0], 20))
    assert mg.generate_batch(model, [[0], [1]], 9, top_k=top_k) == mg.generate_batch(
        model, [[0], [1]], 9
    )
    explorer = mg.widgets.SamplingExplorer(logits=logits, top_k=top_k)
    assert explorer.sliders["top_k"].is_off
    assert explorer.state.sampled.num_kept == 9

"""The logit lens: what each layer would predict."""

import numpy as np
import pytest
from plain_gpt import plain_gpt
from trace_cases import CONFIGS, GPT2, random_model, tokens_of

import microgpt as mg


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_the_lens_reads_the_stream_after_each_block(backend, name, dtype, tolerance):
    """Cutting all later blocks off, by undoing what they add, gives the same logits."""
    config = CONFIGS[name]
    model, tokens = random_model(config, dtype).eval(), tokens_of(config)
    with mg.trace(model) as t:
        logits = model(tokens).numpy()
    lens = t.logit_lens()
    assert lens.shape == (config.n_layer + 1, *logits.shape)
    np.testing.assert_allclose(lens[-1], logits, rtol=0, atol=tolerance)
    for layer in range(config.n_layer):
        cut = {
            f"h.{later}.{part}.out": np.zeros_like
            for later in range(layer, config.n_layer)
            for part in ("attn", "mlp")
        }
        expected = plain_gpt(model, tokens, cut)["logits"]
        np.testing.assert_allclose(lens[layer], expected, rtol=0, atol=tolerance)


def test_the_lens_has_no_batch_axis_for_one_row_and_sees_edits():
    model, tokens = random_model(GPT2), tokens_of(GPT2)[0]
    with mg.trace(model) as t:
        model(tokens)
        plain = t.logit_lens()
        assert plain.shape == (3, 6, 11)
        t.edit("h.1.mlp.out", lambda x: 0 * x)
        model(tokens)
        edited = t.logit_lens()
    np.testing.assert_array_equal(edited[:2], plain[:2])
    assert not np.allclose(edited[2], plain[2])
    np.testing.assert_allclose(edited[2], t["logits"], rtol=0, atol=1e-12)


def test_blocks_of_one_s_own_have_no_lens():
    class OwnBlock(mg.nn.Module):
        def __call__(self, x, cache=None):
            return x * 0.5

    model, tokens = random_model(), tokens_of()
    model.h[1] = OwnBlock()
    with mg.trace(model) as t:
        model(tokens)
    assert "h.0.out" in t
    for ask in (t.logit_lens, lambda: t.effect("h.0.out", np.zeros_like, (1, 2))):
        with pytest.raises(
            mg.SettingError, match=r"as nn\.Block does; got one without h\.1\.resid"
        ):
            ask()


def test_the_lens_is_not_traced_and_follows_dropout():
    model = random_model(CONFIGS["dropout"])
    tokens = tokens_of(GPT2)
    with mg.trace(model) as t:
        logits = model(tokens).numpy()
        first = t.logit_lens()[0]
        np.testing.assert_array_equal(t["logits"], logits)
    head = model.wte.weight.numpy()
    x = t["drop"] - t["drop"].mean(-1, keepdims=True)
    x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
    normed = x * model.ln_f.weight.numpy() + model.ln_f.bias.numpy()
    np.testing.assert_allclose(first, normed @ head.T, rtol=0, atol=1e-12)

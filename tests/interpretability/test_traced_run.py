"""What a trace sees: losses, generated tokens, caches, captured functions, models of one's own."""

import numpy as np
import pytest
from custom_models import OwnMLP, Shouting
from trace_cases import GPT2, MICROGPT, random_model, tokens_of

import microgpt as mg
from microgpt.autograd import engine


def zeros(array):
    return np.zeros_like(array)


def test_a_loss_is_a_run_too(backend):
    model, tokens = random_model(), tokens_of()
    plain = model.loss(tokens, tokens).item()
    with mg.trace(model) as t:
        assert model.loss(tokens, tokens).item() == plain
        np.testing.assert_allclose(t["logits"], model(tokens).numpy(), rtol=0, atol=1e-12)
        assert model.next_token_logits(tokens).shape == (2, 11)
        assert t["logits"].shape == (2, 11)
        model.next_token_logits(tokens[0])
        assert t["logits"].shape == (11,)
        t.edit("logits", zeros)
        assert model.loss(tokens, tokens).item() == pytest.approx(np.log(11))
        assert not model.next_token_logits(tokens).numpy().any()


def test_training_inside_a_trace_is_training(backend):
    config = mg.TrainConfig(steps=3, batch_size=2)
    losses = []
    for traced in (False, True):
        model = mg.GPT(mg.GPTConfig(n_embd=8))
        trainer = mg.Trainer(model, mg.load_corpus("names-mini"), config)
        if traced:
            with mg.trace(model) as t:
                trainer.run()
            assert t["logits"].shape[-1] == 27
            with mg.trace(model) as t:  # the trained weights
                model([0, 1])
            np.testing.assert_allclose(
                t["token_embedding"], model.wte.weight.numpy()[[0, 1]], rtol=0, atol=0
            )
        else:
            trainer.run()
        losses.append([parameter.numpy() for parameter in model.parameters()])
    for ours, theirs in zip(*losses, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_a_cache_under_a_trace(backend):
    """Prefill and decoding are recorded, edited and, without edits, the model's own."""
    model, tokens = random_model(GPT2), tokens_of(GPT2)

    def read(cut=4):
        cache = mg.KVCache(model, batch_size=2)
        with mg.no_grad():
            parts = [model(tokens[:, :cut], cache).numpy()]
            parts += [model(tokens[:, [i]], cache).numpy() for i in range(cut, 6)]
        assert cache.length == 6
        return np.concatenate(parts, 1)

    plain = read()
    with mg.trace(model) as t:
        np.testing.assert_array_equal(read(), plain)
        assert t["h.1.attn.weights"].shape == (2, 2, 1, 6)
        assert t["h.1.attn.scaled_scores"].shape == (2, 2, 1, 6)
        assert t["h.1.attn.q"].shape == (2, 2, 1, 4)
        last = t["h.1.attn.weights"]
        decoding = t.names()
        model(tokens)
        assert t.names() == decoding
        np.testing.assert_allclose(t["h.1.attn.weights"][:, :, -1:], last, rtol=0, atol=1e-12)
        for name in set(t.names()) - {"h.0.attn.weights"}:
            edits = [t.edit(name, lambda x: 1.5 * x)]
            edits.append(t.edit("h.0.attn.weights", lambda x: 0.5 * x))
            np.testing.assert_allclose(read(), model(tokens).numpy(), rtol=0, atol=1e-11)
            t.undo()
        np.testing.assert_array_equal(read(), plain)
    np.testing.assert_array_equal(read(), plain)


def test_generated_tokens_are_runs(backend):
    model = random_model()
    plain = list(mg.generate(model, [1, 2], 4, seed=3))
    batch = mg.generate_batch(model, [[1], [2, 3]], 3, seed=3)
    with mg.trace(model) as t:
        assert list(mg.generate(model, [1, 2], 4, seed=3)) == plain
        assert t["h.0.attn.weights"].shape == (1, 2, 1, 5)
        assert mg.generate_batch(model, [[1], [2, 3]], 3, seed=3) == batch
        t.edit("logits", lambda x: np.where(np.arange(11) == 7, 100.0, x))
        assert list(mg.generate(model, [1, 2], 4, seed=3)) == [7] * 4
        assert mg.generate_batch(model, [[1], [2, 3]], 3, seed=3) == [[7] * 3] * 2
    assert list(mg.generate(model, [1, 2], 4, seed=3)) == plain


def test_captured_functions_run_eagerly_inside():
    model, calls = random_model().copy("numba"), []
    tokens = tokens_of().astype(np.int32)

    @mg.capture
    def logits(tokens):
        calls.append(1)
        with mg.no_grad():
            return model(tokens)

    replayed = [logits(tokens).numpy() for _ in range(3)][-1]
    assert len(calls) == 2
    with mg.trace(model) as t:
        np.testing.assert_array_equal(logits(tokens).numpy(), replayed)
        assert len(calls) == 3
        t.edit("logits", zeros)
        assert not logits(tokens).numpy().any()
    np.testing.assert_array_equal(logits(tokens).numpy(), replayed)
    assert len(calls) == 4


def test_a_trace_inside_a_captured_function_is_refused():
    model, tokens = random_model().copy("numba"), tokens_of().astype(np.int32)

    @mg.capture
    def traced(tokens):
        with mg.trace(model):
            return model(tokens)

    with pytest.raises(mg.CaptureError, match="inside a captured function"):
        traced(tokens)
    assert engine.context.run_override is None


def test_a_hook_of_the_engine_comes_first():
    model, tokens = random_model(), tokens_of()

    seen = []

    def double(name, node):
        seen.append(name)
        return node * 2 if name == "h.0.attn.out" else node

    with engine.hook_activations(double):
        expected = model(tokens).numpy()
        with mg.trace(model) as t:
            seen.clear()
            np.testing.assert_array_equal(model(tokens).numpy(), expected)
            assert seen == t.names()  # each once
            t.edit("h.0.attn.out", lambda x: x / 2)
            logits = model(tokens).numpy()
    np.testing.assert_allclose(logits, model(tokens).numpy(), rtol=0, atol=1e-12)


def test_models_with_parts_of_their_own():
    loud = Shouting(MICROGPT, dtype="float64")
    tokens = tokens_of()
    plain = loud(tokens).numpy()
    with mg.trace(loud) as t:
        np.testing.assert_array_equal(loud(tokens).numpy(), plain)
        np.testing.assert_array_equal(2 * t["logits"], plain)  # what GPT itself computes
        t.edit("logits", zeros)
        assert not loud(tokens).numpy().any()
        assert not loud.next_token_logits(tokens).numpy().any()
    model = mg.GPT(mg.GPTConfig())
    model.h[0].mlp = OwnMLP()
    plain = model([0, 1]).numpy()
    with mg.trace(model) as t:
        np.testing.assert_array_equal(model([0, 1]).numpy(), plain)
        assert "h.0.attn.out" in t
        assert "h.0.out" in t
        assert "h.0.mlp.hidden" not in t


def test_an_edit_of_what_a_run_does_not_compute_is_an_error():
    model, tokens = random_model(), tokens_of()

    def attention(q, k, v):
        return v

    with mg.trace(model) as t:
        t.edit("h.0.attn.weights", zeros)
        with (
            mg.learn.using(causal_attention=attention),
            pytest.raises(mg.StateError, match="weights was not computed in this run"),
        ):
            model(tokens)
    with mg.learn.using(causal_attention=attention), mg.trace(model) as t:
        model(tokens)
        assert "h.0.attn.weights" not in t
        np.testing.assert_array_equal(t["h.0.attn.head_out"], t["h.0.attn.v"])


def test_tokens_by_keyword_and_a_trace_that_compares():
    model, tokens = random_model(), tokens_of()
    with mg.trace(model) as t:
        model(tokens=tokens)
    arrays = {name: t[name] for name in t}
    assert mg.compare(model, arrays, tokens).passed
    found = mg.activations(model, tokens)
    assert list(found) == ["tokens", *t.names()]
    for name in t:
        np.testing.assert_array_equal(found[name], t[name])


def test_a_run_that_is_refused_leaves_the_cache_as_it_was():
    model = mg.GPT(mg.GPTConfig(vocab_size=11), seed=1)
    cache = mg.KVCache(model)

    def attends_to_nothing(q, k, v):
        return v

    with mg.no_grad(), mg.trace(model) as t:
        t.edit("h.0.attn.weights", lambda w: w)
        with (
            pytest.raises(mg.StateError),
            mg.learn.using(causal_attention=attends_to_nothing),
        ):
            model([1, 2, 3], cache)
        assert cache.length == 0

"""A logit difference as a sum over the parts of a model."""

import numpy as np
import pytest
from plain_gpt import plain_gpt
from trace_cases import CONFIGS, GPT2, random_model, tokens_of

import microgpt as mg
from microgpt.interpretability import LogitAttribution


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-11)])
def test_parts_add_up_to_the_logits_and_heads_and_neurons_to_their_part(name, dtype, tolerance):
    config = CONFIGS[name]
    model, tokens = random_model(config, dtype).eval(), tokens_of(config)
    rng = np.random.default_rng(2)
    with mg.trace(model) as t:
        logits = model(tokens).numpy()
    for _ in range(10):
        first, second = rng.integers(11, size=2)
        row, position = rng.integers(2), rng.integers(6)
        found = t.logit_attribution((first, second), position=position, row=row)
        expected = logits[row, position, first] - logits[row, position, second]
        assert found.difference == pytest.approx(expected, abs=tolerance)
        assert sum(found.parts.values()) == pytest.approx(expected, abs=tolerance)
        assert set(found.heads) == {f"h.{layer}.attn.out" for layer in range(config.n_layer)}
        assert set(found.neurons) == {f"h.{layer}.mlp.out" for layer in range(config.n_layer)}
        for part, shares in (found.heads | found.neurons).items():
            assert shares.shape == ((config.n_head,) if "attn" in part else (32,))
            assert shares.sum() == pytest.approx(found.parts[part], abs=tolerance)
    assert ("biases" in found.parts) is config.bias
    assert ("position_embedding" in found.parts) is (config.position == "learned")


def held_norm(model, name, x, scale):
    """A norm of plain NumPy with its scale given, without its bias."""
    weights = model.state_dict()
    if model.config.norm == "layernorm":
        x = x - x.mean()
    return scale * x * weights.get(f"{name}.weight", 1.0)


@pytest.mark.parametrize(
    "name", ["microgpt", "gpt2 with embedding norm", "all norms", "no norm at the end"]
)
def test_each_part_is_what_norm_and_head_make_of_what_it_wrote(name):
    config = CONFIGS[name]
    model, tokens = random_model(config), tokens_of(config)
    plain, weights, at = plain_gpt(model, tokens), model.state_dict(), (1, 4)
    with mg.trace(model) as t:
        model(tokens)
    found = t.logit_attribution((3, 8), position=4, row=1)
    head = weights["wte.weight"] if config.tie_weights else weights["lm_head.weight"]

    def read(x):
        y = held_norm(model, "ln_f", x, found.scale) if config.final_norm else x
        return head[3] @ y - head[8] @ y

    def scale_of(x):
        x = x - x.mean() if config.norm == "layernorm" else x
        return 1 / np.sqrt((x**2).mean() + 1e-5)

    scale = scale_of(plain["h.1.out"][at]) if config.final_norm else 1
    assert found.scale == pytest.approx(scale, rel=1e-10)
    embedding_scale = scale_of(plain["embedding"][at]) if config.embedding_norm else 1
    assert found.embedding_scale == pytest.approx(embedding_scale, rel=1e-10)
    for part in ("token_embedding", "position_embedding"):
        row = plain[part][at]
        if config.embedding_norm:
            row = held_norm(model, "ln_emb", row, embedding_scale)
        assert found.parts[part] == pytest.approx(read(row), abs=1e-10)
    for layer in range(2):
        for part in (f"h.{layer}.attn", f"h.{layer}.mlp"):
            wrote = plain[f"{part}.out"][at] - weights.get(f"{part}.c_proj.bias", 0)
            assert found.parts[f"{part}.out"] == pytest.approx(read(wrote), abs=1e-10)
        columns = np.split(weights[f"h.{layer}.attn.c_proj.weight"], config.n_head, axis=1)
        for head_number, share in enumerate(found.heads[f"h.{layer}.attn.out"]):
            wrote = columns[head_number] @ plain[f"h.{layer}.attn.head_out"][1, head_number, 4]
            assert share == pytest.approx(read(wrote), abs=1e-10)


def test_exchanging_the_tokens_flips_every_sign_and_one_token_gives_zeros():
    model, tokens = random_model(GPT2), tokens_of(GPT2)[0]
    with mg.trace(model) as t:
        model(tokens)
    there, back = t.logit_attribution((2, 5)), t.logit_attribution((5, 2))
    assert list(there.parts) == list(back.parts)
    for part, share in there.parts.items():
        assert back.parts[part] == -share
    assert not any(t.logit_attribution((4, 4)).parts.values())
    assert there.position == 5


def test_it_prints_as_a_table_with_running_totals():
    found = LogitAttribution(
        logit_diff=("'e'", "'<'"),
        position=4,
        difference=1.25,
        parts={"token_embedding": 1.5, "h.0.attn.out": -0.25},
        heads={},
        neurons={},
        scale=2.0,
        embedding_scale=1.0,
    )
    assert str(found).splitlines() == [
        "logit of 'e' minus '<' at position 4, by part",
        "token_embedding  +1.5000  sum +1.5000",
        "h.0.attn.out     -0.2500  sum +1.2500",
        "logits           +1.2500  scale held at 2, of the embeddings at 1",
    ]
    assert "minus &#x27;&lt;&#x27; at position 4" in found._repr_html_()
    assert found._repr_html_().count("<tr>") == 3


def test_what_it_refuses():
    model = random_model(GPT2)
    t = mg.trace(model)
    with pytest.raises(mg.StateError, match="has seen no run"):
        t.logit_attribution((1, 2))
    with t:
        model(tokens_of(GPT2))
    for arguments, message in [
        ({"logit_diff": (1, 11)}, "logit_diff must be two token ids from 0 to 10"),
        ({"logit_diff": (1, 2), "position": 6}, "position must be an integer from -6 to 5"),
        ({"logit_diff": (1, 2), "row": 2}, "row must be an integer from 0 to 1"),
    ]:
        with pytest.raises(mg.SettingError, match=message):
            t.logit_attribution(**arguments)


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2, 3], [4, 5, 6]]])
def test_a_run_of_the_last_logits_alone_is_attributed_at_its_last_position(tokens):
    model = mg.GPT(mg.GPTConfig(vocab_size=11, n_layer=2), seed=1, dtype="float64")
    with mg.no_grad(), mg.trace(model) as t:
        model(tokens)
        every = t.logit_attribution((3, 4))
        model.next_token_logits(tokens)
        last = t.logit_attribution((3, 4))
        with pytest.raises(mg.StateError, match="not at position 0; run model"):
            t.logit_attribution((3, 4), position=0)
    assert last.difference == pytest.approx(every.difference, abs=1e-12)
    assert last.parts == pytest.approx(every.parts, abs=1e-12)


def test_generated_tokens_are_attributed():
    model = mg.GPT(mg.GPTConfig(vocab_size=11), seed=1)
    with mg.trace(model) as t:
        next(iter(mg.generate(model, [1, 2], max_new_tokens=1)))
        assert np.isfinite(t.logit_attribution((3, 4)).difference)


def test_an_edited_logit_is_named_as_a_cause():
    model = mg.GPT(mg.GPTConfig(vocab_size=11), seed=1)
    with mg.no_grad(), mg.trace(model) as t:
        t.edit("logits", lambda x: x * 2 + np.arange(11))
        model([1, 2])
        with pytest.raises(mg.StateError, match="without edits of ln_f and logits"):
            t.logit_attribution((3, 4))

"""Exact patching: direct, indirect and remaining effect of an intervention sum to the total."""

import numpy as np
import pytest
from plain_gpt import plain_gpt
from trace_cases import CONFIGS, GPT2, random_model, tokens_of

import microgpt as mg
from microgpt.interpretability import PathEffects

NAMES = (
    *("token_embedding", "position_embedding", "embedding", "h.0.ln_1", "h.0.attn.v"),
    *("h.0.attn.scores", "h.0.attn.weights", "h.0.attn.head_out", "h.0.attn.out"),
    *("h.0.resid_mid", "h.0.mlp.c_fc", "h.0.mlp.hidden", "h.0.mlp.out", "h.0.out"),
    *("h.1.attn.q", "h.1.attn.out", "h.1.resid_mid", "h.1.ln_2", "h.1.mlp.out", "h.1.out"),
)
FINAL_NORMS = ("microgpt", "gpt2", "layer norm without biases", "all norms", "no norm at the end")
STREAM = ("h.0.resid_mid", "h.0.out", "h.1.resid_mid", "h.1.out")


def random_intervention(seed):
    """A model, tokens, and one activation that a random change replaces in one way of several."""
    rng = np.random.default_rng(seed)
    config = CONFIGS[FINAL_NORMS[seed % 5]]
    model, tokens = random_model(config, seed=seed), tokens_of(config, seed=seed, length=5)
    name = NAMES[seed % len(NAMES)]
    noise = rng.normal(size=plain_gpt(model, tokens)[name].shape)
    head = rng.integers(2)

    def one_head(x):
        x[:, head] = 0

    changes = [lambda x: 0 * x, lambda x: x + noise, lambda x: noise]
    changes += [one_head] if name.endswith("head_out") else []
    return model, tokens, name, changes[rng.integers(len(changes))], rng


def read_out(model, x, scale_of):
    """Logits of the last residual stream x (C,), with the final norm's scale for `scale_of`."""
    w, norm = model.state_dict(), model.config.norm
    head = w["wte.weight"] if model.config.tie_weights else w["lm_head.weight"]
    if not model.config.final_norm:
        return head @ x
    if norm == "layernorm":
        x, scale_of = x - x.mean(), scale_of - scale_of.mean()
    x = x / np.sqrt((scale_of**2).mean() + 1e-5)
    return head @ (x * w.get("ln_f.weight", 1.0) + w.get("ln_f.bias", 0.0))


@pytest.mark.parametrize("seeds", [range(start, start + 20) for start in range(0, 200, 20)])
def test_the_parts_sum_to_the_whole_change(seeds):
    for seed in seeds:
        model, tokens, name, change, rng = random_intervention(seed)
        first, second = rng.integers(model.config.vocab_size, size=2)
        row, position = rng.integers(len(tokens)), rng.integers(tokens.shape[1])
        with mg.trace(model) as t:
            model(tokens)
            found = t.effect(name, change, (first, second), position=position, row=row)

        def edit(x, change=change):
            result = change(x)
            return x if result is None else result

        clean, edited = plain_gpt(model, tokens), plain_gpt(model, tokens, {name: edit})
        at = row, position

        def difference(logits, a=first, b=second):
            return logits[a] - logits[b]

        total = difference(edited["logits"][at]) - difference(clean["logits"][at])
        assert found.clean == pytest.approx(difference(clean["logits"][at]), abs=1e-10)
        assert found.total == pytest.approx(total, abs=1e-9)
        parts = found.direct + sum(found.indirect.values()) + found.remainder
        assert parts == pytest.approx(total, abs=1e-9)
        assert found.total_indirect == pytest.approx(sum(found.indirect.values()), abs=1e-12)

        x = clean["h.1.out"][at]

        def held(delta, x=x, model=model):
            """What a change of the last residual stream does, with the clean run's scale."""
            return difference(read_out(model, x + delta, x)) - difference(read_out(model, x, x))

        for part, effect in found.indirect.items():
            assert effect == pytest.approx(held(edited[part][at] - clean[part][at]), abs=1e-9)
        later = sum(edited[part][at] - clean[part][at] for part in found.indirect)
        assert found.direct == pytest.approx(held(edited["h.1.out"][at] - x - later), abs=1e-9)
        last = edited["h.1.out"][at]
        remainder = difference(read_out(model, last, last)) - difference(read_out(model, last, x))
        assert found.remainder == pytest.approx(remainder, abs=1e-9)
        if not model.config.final_norm:
            assert found.remainder == 0


@pytest.mark.parametrize(
    ("name", "indirect"),
    [
        ("token_embedding", ["h.0.attn.out", "h.0.mlp.out", "h.1.attn.out", "h.1.mlp.out"]),
        ("h.0.attn.weights", ["h.0.mlp.out", "h.1.attn.out", "h.1.mlp.out"]),
        ("h.0.resid_mid", ["h.0.mlp.out", "h.1.attn.out", "h.1.mlp.out"]),
        ("h.0.mlp.hidden", ["h.1.attn.out", "h.1.mlp.out"]),
        ("h.0.out", ["h.1.attn.out", "h.1.mlp.out"]),
        ("h.1.ln_2", []),
        ("h.1.out", []),
    ],
)
def test_later_parts_are_those_that_read_the_change(name, indirect):
    model = random_model(GPT2)
    with mg.trace(model) as t:
        model(tokens_of(GPT2)[0])
    found = t.effect(name, lambda x: 2 * x, (1, 2))
    assert list(found.indirect) == indirect
    assert found.direct
    assert found.position == 5


def test_another_trace_can_be_the_change():
    model, (clean, corrupt) = random_model(GPT2), tokens_of(GPT2)
    with mg.trace(model) as source:
        expected = model(corrupt).numpy()[3]
    with mg.trace(model) as t:
        plain = model(clean).numpy()[3]
        t.edit("logits", lambda x: 0 * x)  # edits of the block do not count
        model(clean)
    found = t.effect("h.0.out", source, (4, 7), position=3)
    assert found.clean == pytest.approx(plain[4] - plain[7], abs=1e-12)
    assert found.edited == pytest.approx(expected[4] - expected[7], abs=1e-12)
    assert t.effect("h.0.out", t, (4, 7)).total == 0
    swapped = t.effect("h.0.out", source, (7, 4), position=3)
    assert (swapped.direct, swapped.remainder) == (-found.direct, -found.remainder)
    assert t.effect("h.0.out", source, (4, 4)).total == 0


def test_float32_models_too(backend):
    model = random_model(GPT2, dtype="float32")
    with mg.trace(model) as t:
        model(tokens_of(GPT2))
    found = t.effect("h.0.attn.out", lambda x: 0 * x, (1, 2), row=1)
    parts = found.direct + found.total_indirect + found.remainder
    assert parts == pytest.approx(found.total, abs=1e-5)


def test_effects_print_as_a_table():
    effects = PathEffects(
        name="h.0.attn.out",
        logit_diff=("'<b>'", "token 3"),
        position=4,
        clean=1.0,
        edited=1.5,
        direct=0.75,
        indirect={"h.0.mlp.out": -0.125, "h.1.attn.out": 1e-9},
        remainder=-0.125,
        scales=(2.0, 1.5),
        has_final_norm=True,
    )
    assert str(effects).splitlines() == [
        "h.0.attn.out edited: logit of '<b>' minus token 3 at position 4",
        "direct effect    +0.7500  straight through the residual stream",
        "indirect effect  -0.1250  through later parts",
        "  h.0.mlp.out    -0.1250",
        "  h.1.attn.out   +0.0000",
        "remainder        -0.1250  final norm's scale 2 → 1.5",
        "total effect     +0.5000  1.0000 → 1.5000",
    ]
    html = effects._repr_html_()
    assert "logit of &#x27;&lt;b&gt;&#x27; minus token 3 at position 4" in html
    assert html.count("<tr>") == 6
    assert "<td>-0.1250</td>" in html


def test_tokens_are_shown_as_the_model_s_tokenizer_reads_them():
    checkpoint = mg.load_pretrained("names", backend="numpy")
    with mg.trace(checkpoint.model) as t:
        checkpoint.model(checkpoint.tokenizer.encode("kath", bos=True))
    e, r = (checkpoint.tokenizer.encode(letter)[0] for letter in "er")
    found = t.effect("h.0.mlp.out", lambda x: 0 * x, (e, r))
    assert found.logit_diff == ("'e'", "'r'")
    assert "no final norm" in str(found)
    with mg.trace(random_model()) as t:
        t.model([1, 2])
    assert t.effect("h.0.mlp.out", lambda x: 0 * x, (1, 2)).logit_diff == ("token 1", "token 2")


def test_what_effect_refuses():
    model, tokens = random_model(GPT2), tokens_of(GPT2)
    with pytest.raises(mg.StateError, match="has seen no run"):
        mg.trace(model).effect("h.0.out", np.zeros_like, (1, 2))
    with mg.trace(model) as t:
        model(tokens)
    for changes, message in [
        (
            {"name": "ln_f"},
            "name must be an activation that comes no later than h.1.out; got 'ln_f'",
        ),
        ({"name": "h.0.oat"}, "did you mean 'h.0.out'"),
        ({"change": 3}, "function must be a function of an array; got int"),
        ({"logit_diff": (1, 11)}, "logit_diff must be two token ids from 0 to 10"),
        ({"logit_diff": (1, 2, 3)}, "logit_diff must be two token ids"),
        ({"logit_diff": 3}, "logit_diff must be two token ids"),
        ({"position": 6}, "position must be an integer from -6 to 5"),
        ({"row": 2}, "row must be an integer from 0 to 1"),
    ]:
        arguments = {"name": "h.0.out", "change": np.zeros_like, "logit_diff": (1, 2)} | changes
        with pytest.raises(mg.SettingError, match=message.replace("(", r"\(")):
            t.effect(**arguments)
    with (
        mg.learn.using(layer_norm=lambda x, weight, bias, eps=1e-5: x),
        pytest.raises(mg.StateError, match=r"outside mg\.learn\.using"),
    ):
        t.effect("h.0.out", np.zeros_like, (1, 2))
    cache = mg.KVCache(model)
    with mg.no_grad(), mg.trace(model) as t:
        model([[1, 2]], cache)
        t.effect("h.0.out", np.zeros_like, (1, 2))
        model([[3]], cache)
        with pytest.raises(mg.StateError, match="continued a cache, and cannot be run again"):
            t.effect("h.0.out", np.zeros_like, (1, 2))

    class OwnNorm(mg.nn.Module):
        def __call__(self, x):
            return x * 2.0

    model.ln_f = OwnNorm()
    with mg.trace(model) as t:
        model(tokens)
    with pytest.raises(
        mg.SettingError, match="whose ln_f is a LayerNorm or an RMSNorm; got OwnNorm"
    ):
        t.effect("h.0.out", np.zeros_like, (1, 2))

"""07.count_parameters: what learners write, and what they are told."""

import re

import numpy as np
import pytest

import microgpt as mg
from microgpt import learn
from microgpt.config.model import PRESETS
from microgpt.learn.registry import find_exercise
from microgpt.widgets.model_size import model_size

ID = "07.count_parameters"
EXERCISE = find_exercise(ID)


def arguments(config):
    sizes = (config.n_layer, config.n_embd, config.block_size, config.vocab_size)
    return *sizes, config.tie_weights, config.bias, config.norm


@pytest.mark.parametrize("name", PRESETS)
def test_the_solution_counts_every_preset(name):
    config = mg.GPTConfig.preset(name)
    count = sum(int(np.prod(shape)) for shape in config.parameter_shapes().values())
    assert EXERCISE.solution(*arguments(config)) == count


def test_every_preset_is_asked_for():
    asked = [case for prop in EXERCISE.properties for case in prop.inputs(np.random.default_rng(0))]
    asked.append(EXERCISE.example.arguments)
    assert {arguments(config) for config in PRESETS.values()} <= set(asked)


def counter(
    attention=4, mlp=8, biases=9, layer_norms=2, final_norms=1, norms=(0, 1, 2), tables=(1, 1),
    head=lambda tied: not tied, extra=lambda L, C, T, V: 0, convert=int,
):  # fmt: skip
    """A count with its factors, some of which a learner gets wrong.

    `norms` are those of an RMSNorm, a LayerNorm without biases and one with them.
    """

    def answer(n_layer, n_embd, block_size, vocab_size, tied, bias, norm):
        L, C, T, V = n_layer, n_embd, block_size, vocab_size
        of_norm = C * (norms[0] if norm == "rmsnorm" else norms[1 + bias])
        of_layer = (attention + mlp) * C * C + biases * C * bias + layer_norms * of_norm
        outside = tables[0] * V * C + tables[1] * T * C + head(tied) * V * C
        return convert(L * of_layer + final_norms * of_norm + outside + extra(L, C, T, V))

    return answer


@pytest.mark.parametrize("convert", [int, np.int64, lambda count: np.array([count])])
def test_right_counts(convert):
    for seed in range(3):
        assert learn.check(ID, counter(convert=convert), seed)


RIGHT = counter()


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (counter(head=lambda tied: 1), "163,037,184, too many by 38,597,376"),
        (counter(head=lambda tied: 0), "missing where it is not tied"),
        (counter(head=lambda tied: tied), "the wrong way round"),
        (counter(final_norms=0), "too small by 1,536"),
        (counter(layer_norms=0), "The norms inside the layers are missing"),
        (counter(layer_norms=1), "Each layer has two norms"),
        (counter(layer_norms=0, final_norms=0), "The norms are missing"),
        (counter(layer_norms=3, final_norms=0), "stands once, and not in each"),
        (counter(norms=(0, 1, 1)), "C biases beside its C weights"),
        (counter(norms=(0, 2, 2)), "without, it has its C weights alone"),
        (counter(norms=(0, 0, 2)), "still has its C weights"),
        (counter(norms=(1, 1, 2)), "In other models it has C weights"),
        (counter(norms=(1, 2, 2)), "has its C biases only with bias"),
        (counter(biases=0), "too small by 82,944"),
        (counter(biases=4), "The biases of the MLP are missing"),
        (counter(biases=5), "The biases of attention are missing"),
        (counter(biases=7), "3C together"),
        (counter(biases=6), "one number for each output"),
        (counter(biases=8), "C numbers of bias are missing"),
        (counter(mlp=4), "The MLP goes up *and* down"),
        (counter(mlp=2), "4C² numbers each, not C²"),
        (counter(mlp=16), "8C² too many"),
        (counter(mlp=0), "The MLP is missing"),
        (counter(attention=3), "C² numbers are missing"),
        (counter(attention=1), "3C² numbers are missing"),
        (counter(tables=(1, 0)), "The positions are missing"),
        (counter(tables=(0, 1)), "One table of vocab_size · C is missing"),
        (counter(tables=(0, 0)), "The token table and the positions are missing"),
        (counter(tables=(1, 0), extra=lambda L, C, T, V: T * T), "is no parameter"),
        (counter(extra=lambda L, C, T, V: L * T * T), "in each layer is no parameter"),
        (lambda n_layer, *others: RIGHT(1, *others), "n_layer has no effect"),
        (lambda n_layer, *others: n_layer * RIGHT(1, *others), "Everything was multiplied"),
        (counter(convert=float), "of the type float"),
        (counter(convert=lambda count: f"{count:,}"), "of the type str"),
        (counter(convert=print), "a `return` is missing"),
    ],
)
def test_the_cause_of_a_wrong_count_is_named(answer, cause):
    result = learn.check(ID, answer)
    assert result.state == "not yet"
    assert cause in result.cause


@pytest.mark.parametrize("preset", ["microgpt", "gpt2-small-char"])
@pytest.mark.parametrize("norm", ["rmsnorm", "layernorm"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("tied", [False, True])
def test_the_exercise_counts_as_the_model_and_the_size_tab_do(preset, norm, bias, tied):
    config = mg.GPTConfig.preset(preset, norm=norm, bias=bias, tie_weights=tied)
    count = EXERCISE.solution(*arguments(config))
    assert count == model_size(config).total == mg.GPT(config, backend="numpy").parameter_count()


def test_the_third_hint_is_not_the_whole_formula():
    numbers = re.findall(r"\d[\d,]{3,}\d", EXERCISE.hints[2])
    assert not re.search(r"\d\s*[·*]|²", EXERCISE.hints[2])
    config = mg.GPTConfig.preset("gpt2-124M")
    layer = EXERCISE.solution(*arguments(config)) - EXERCISE.solution(11, *arguments(config)[1:])
    tables = (config.vocab_size + config.block_size) * config.n_embd
    assert (f"{layer:,}", f"{tables:,}") == (numbers[0], numbers[1])


@pytest.mark.parametrize(
    "answer",
    [
        counter(attention=3, biases=8),
        counter(final_norms=0, biases=0),
        counter(biases=10),
        lambda *given: 4192,
        lambda n_layer, n_embd, *others: 12 * n_layer * n_embd**2,
        counter(extra=lambda L, C, T, V: 1),
    ],
)
def test_an_unknown_mistake_is_not_called_a_known_one(answer):
    result = learn.check(ID, answer)
    assert result.state == "not yet"
    assert result.cause.startswith("Not recognised")
